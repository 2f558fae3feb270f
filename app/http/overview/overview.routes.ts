import { z } from "zod";
import type { System } from "../../host/system.ts";
import { holdsOf } from "../health/holds.routes.ts";
import { type Http, PROBLEMS } from "../server/route-types.ts";
import type { NodeCounts } from "../entities/node-counts.ts";
import { Overview } from "./overview.ts";
import { noticesOf } from "./overview-notices.ts";
import { OverviewWatch, SAMPLE_MS } from "./overview-recorder.ts";
import type { Readiness } from "../health/readiness.ts";
import { kindOf, restingStates } from "../entities/state-kind.ts";

const RATE_MS = 60_000;
const Query = z.object({
  history: z.enum(["true", "false"]).default("true").describe("false: without the last hour, which is most of it"),
});

export function addOverviewRoutes(
  http: Http,
  system: System,
  { counts, readiness }: { readonly counts: NodeCounts; readonly readiness: Readiness },
): void {
  const { runtime, clock } = system;
  const watch = new OverviewWatch(system, counts);
  http.addHook("onClose", async () => watch.close());

  http.get(
    "/api/v1/overview",
    {
      config: { access: ["reader"] },
      schema: {
        summary: "Where the nodes are, how fast they come and go, and what is to be done",
        querystring: Query,
        response: { 200: Overview, ...PROBLEMS },
      },
    },
    async ({ query: { history } }) => {
      // Without the store it still tells the rest: that is when it is looked at.
      const [nodes, parts, holds] = await Promise.all([
        counts.byState().catch(() => undefined),
        readiness.parts(),
        holdsOf(system).catch(() => []),
      ]);
      const { lagOf, brokerTimeMs, drift } = runtime.status();
      const nowMs = clock.wallMs();
      const { refused } = runtime;
      const refusedContracts = refused && { at: new Date(refused.atMs).toISOString(), reason: refused.reason };
      const { openBreakers } = watch;
      return {
        at: new Date(brokerTimeMs).toISOString(),
        began_at: new Date(watch.beganAtMs).toISOString(),
        notices: noticesOf({ parts, refusedContracts, holds, openBreakers, drift, nowMs, brokerTimeMs }),
        refused_contracts: refusedContracts,
        parts,
        states: restingStates(system.domain).map((state) => ({
          name: state.name,
          kind: kindOf(state),
          nodes: nodes ? (nodes.get(state.name) ?? 0) : null,
        })),
        rates: watch.history.rates({ atMs: nowMs, totals: watch.totals }, RATE_MS),
        activation: watch.activation.spread(clock.monotonicMs()),
        lateness: watch.lateness.spread(clock.monotonicMs()),
        lag: [...lagOf].map(([partition, messages]) => ({ partition, messages })),
        history: history === "true" ? { every_ms: SAMPLE_MS, ...watch.history.drawn() } : null,
      };
    },
  );
}
