import { z } from "zod";
import { troublesFor } from "../../host/troubles/trouble.ts";
import { partsOf } from "../health/parts.ts";
import { troubleView } from "../health/trouble-view.ts";
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

export function addOverviewRoutes(http: Http, { system, counts, troubles, overview }: DomainApi): void {
  const { runtime, clock } = system;

  http.get(
    "/overview",
    apiRoute(["reader"], {
      summary: "Entities by state, rates, and troubles",
      querystring: Query,
      response: { 200: Overview },
    }),
    async ({ query: { history } }) => {
      // During an outage of the store the rest is still shown: that is when it is needed.
      const [entities, found] = await Promise.all([counts.byStableState(), troubles.list()]);
      const { lagByPartition, brokerTimeMs } = runtime.status();
      const nowMs = clock.wallMs();
      const { refusedChange } = runtime;
      const own = troublesFor(found, system.name);
      return {
        at: new Date(brokerTimeMs).toISOString(),
        began_at: new Date(overview.startedAtMs).toISOString(),
        // A domain that nobody serves has no overview of its own.
        troubles: found
          .filter((trouble) => own.includes(trouble) || trouble.code === "DOMAIN_UNSERVED")
          .map(troubleView),
        refused_contracts: refusedChange && {
          at: new Date(refusedChange.atMs).toISOString(),
          reason: refusedChange.reason,
        },
        parts: partsOf(system, found),
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
