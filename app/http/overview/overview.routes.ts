import { z } from "zod";
import type { Host, System } from "../../host/compose.ts";
import { troublesFor } from "../../host/troubles/trouble.ts";
import { partsOf } from "../health/parts.ts";
import { troubleView } from "../health/trouble-view.ts";
import { apiRoute, type Http } from "../server/route-types.ts";
import { type NodeCounts, stableStates } from "../entities/node-counts.ts";
import { Overview, stateKindOf } from "./overview.ts";
import { recordOverview, SAMPLE_MS } from "./overview-recorder.ts";

const RATE_MS = 60_000;
const Query = z.object({
  history: z
    .enum(["true", "false"])
    .default("true")
    .describe("false: without the history, which is most of the answer"),
});

export function addOverviewRoutes(http: Http, system: System, counts: NodeCounts, troubles: Host["troubles"]): void {
  const { runtime, clock } = system;
  const recorded = recordOverview(system, counts);
  http.addHook("onClose", async () => recorded.close());

  http.get(
    "/api/v1/overview",
    apiRoute(["reader"], {
      summary: "Nodes by state, rates, and troubles",
      querystring: Query,
      response: { 200: Overview },
    }),
    async ({ query: { history } }) => {
      // During an outage of the store the rest is still shown: that is when it is needed.
      const [nodes, found] = await Promise.all([counts.byStableState(), troubles.list()]);
      const { lagByPartition, brokerTimeMs } = runtime.status();
      const nowMs = clock.wallMs();
      const { refusedChange } = runtime;
      return {
        at: new Date(brokerTimeMs).toISOString(),
        began_at: new Date(recorded.startedAtMs).toISOString(),
        troubles: troublesFor(found, system.name).map(troubleView),
        refused_contracts: refusedChange && {
          at: new Date(refusedChange.atMs).toISOString(),
          reason: refusedChange.reason,
        },
        parts: partsOf(system, found),
        states: stableStates(system.domain).map((state) => ({
          name: state.name,
          kind: stateKindOf(state),
          nodes: nodes?.get(state.name) ?? null,
        })),
        rates: recorded.history.rates({ atMs: nowMs, totals: recorded.totals }, RATE_MS),
        activation: recorded.activation.percentiles(clock.monotonicMs()),
        lateness: recorded.lateness.percentiles(clock.monotonicMs()),
        lag: [...lagByPartition].map(([partition, messages]) => ({ partition, messages })),
        history: history === "true" ? { every_ms: SAMPLE_MS, ...recorded.history.series() } : null,
      };
    },
  );
}
