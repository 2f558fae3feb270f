import { z } from "zod";
import type { System } from "../../host/system.ts";
import { type Http, PROBLEMS } from "../server/route-types.ts";

const CountByState = z.record(z.string(), z.int());
export const StateCounts = z.object({
  orchestrator: CountByState.describe("nodes by the state of the orchestrator's machine; those in none are left out"),
  reducer: CountByState,
});
export type StateCounts = z.infer<typeof StateCounts>;

/** A count reads every node: it is good for so many times as long as it took, and at least a while. */
const CACHE_MIN_MS = 1_000;
const CACHE_FACTOR = 20;

export function addStateCountRoutes(http: Http, { store, domain, clock }: System): void {
  let cached: { readonly untilMs: number; readonly counts: Promise<StateCounts> } | undefined;

  http.get(
    "/api/v1/contracts/counts",
    {
      config: { access: ["reader"] },
      schema: {
        summary: "How many nodes are in which state of both machines, over all processes",
        response: { 200: StateCounts, ...PROBLEMS },
      },
    },
    () => {
      const beganMs = clock.monotonicMs();
      if (cached && beganMs <= cached.untilMs) return cached.counts;
      const counts = count();
      cached = { untilMs: Infinity, counts };
      counts.then(
        () => {
          const endedMs = clock.monotonicMs();
          cached = { untilMs: endedMs + Math.max(CACHE_MIN_MS, CACHE_FACTOR * (endedMs - beganMs)), counts };
        },
        () => (cached = undefined),
      );
      return counts;
    },
  );

  async function count(): Promise<StateCounts> {
    const rows = await store.query<{ state: string | null; reducer_state: string; nodes: number }>(
      `select state, reducer_state, count(*)::int as nodes from rollcall.entity where domain = $1 group by 1, 2`,
      [domain.name],
    );
    const counts: StateCounts = { orchestrator: {}, reducer: {} };
    for (const { state, reducer_state, nodes } of rows) {
      if (state !== null) counts.orchestrator[state] = (counts.orchestrator[state] ?? 0) + nodes;
      counts.reducer[reducer_state] = (counts.reducer[reducer_state] ?? 0) + nodes;
    }
    return counts;
  }
}
