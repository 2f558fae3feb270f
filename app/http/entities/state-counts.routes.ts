import { z } from "zod";
import type { System } from "../../host/system.ts";
import { type Http, PROBLEMS } from "../server/route-types.ts";

const Counts = z.record(z.string(), z.int());
export const StateCounts = z.object({
  orchestrator: Counts.describe("nodes by the state of the orchestrator's machine; those in none are left out"),
  reducer: Counts,
});
export type StateCounts = z.infer<typeof StateCounts>;

/** A count reads every node: it is good for so many times as long as it took, and at least a while. */
const FRESH_MS = 1_000;
const REST = 20;

export function addStateCounts(http: Http, { store, domain, clock }: System): void {
  let counted: { readonly untilMs: number; readonly counts: Promise<StateCounts> } | undefined;

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
      if (counted && beganMs <= counted.untilMs) return counted.counts;
      const counts = count();
      counted = { untilMs: Infinity, counts };
      counts.then(
        () => {
          const endedMs = clock.monotonicMs();
          counted = { untilMs: endedMs + Math.max(FRESH_MS, REST * (endedMs - beganMs)), counts };
        },
        () => (counted = undefined),
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
