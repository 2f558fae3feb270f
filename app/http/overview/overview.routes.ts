import { z } from "zod";
import { readHolds } from "../health/holds.routes.ts";
import { listNotices } from "../health/troubles.ts";
import { apiRoute, type Http } from "../server/route-types.ts";
import type { DomainApi } from "../server/domain-api.ts";
import { stableStates } from "../entities/entity-counts.ts";
import { Overview, stateKindOf } from "./overview.ts";
import { SAMPLE_MS } from "./overview-recorder.ts";

const RATE_MS = 60_000;
const Query = z.object({
  history: z
    .enum(["true", "false"])
    .default("true")
    .describe("false: without the history, which is most of the answer"),
});

export function addOverviewRoutes(http: Http, { system, counts, readiness, overview }: DomainApi): void {
  const { runtime, clock } = system;

  http.get(
    "/overview",
    apiRoute(["reader"], {
      summary: "Entities by state, rates, and notices",
      querystring: Query,
      response: { 200: Overview },
    }),
    async ({ query: { history } }) => {
      // During an outage of the store the rest is still shown: that is when it is needed.
      const [entities, parts, holds] = await Promise.all([
        counts.byStableState(),
        readiness.parts(),
        readHolds(system).catch(() => []),
      ]);
      const { lagByPartition, brokerTimeMs, drift } = runtime.status();
      const nowMs = clock.wallMs();
      const { refusedChange } = runtime;
      const { openBreakers } = overview;
      return {
        at: new Date(brokerTimeMs).toISOString(),
        began_at: new Date(overview.startedAtMs).toISOString(),
        notices: listNotices({ parts, refusedChange, holds, openBreakers, drift, nowMs, brokerTimeMs }),
        refused_contracts: refusedChange && {
          at: new Date(refusedChange.atMs).toISOString(),
          reason: refusedChange.reason,
        },
        parts,
        states: stableStates(system.domain).map((state) => ({
          name: state.name,
          kind: stateKindOf(state),
          entities: entities?.get(state.name) ?? null,
        })),
        rates: overview.history.rates({ atMs: nowMs, totals: overview.totals }, RATE_MS),
        durations: Object.fromEntries(
          [...overview.durations].map(([name, values]) => [name, values.percentiles(clock.monotonicMs())]),
        ),
        lateness: overview.lateness.percentiles(clock.monotonicMs()),
        lag: [...lagByPartition].map(([partition, messages]) => ({ partition, messages })),
        history: history === "true" ? { every_ms: SAMPLE_MS, ...overview.history.series() } : null,
      };
    },
  );
}
