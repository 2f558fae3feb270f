import { z } from "zod";
import type { System } from "../../host/system.ts";
import { cachedAnswer } from "../health/cached-answer.ts";

const CountByState = z.record(z.string(), z.int());
export const StateCounts = z.object({
  orchestrator: CountByState.describe("nodes by the orchestrator's state; those in none are left out"),
  reducer: CountByState.describe("nodes by the reducer's state"),
});
export type StateCounts = z.infer<typeof StateCounts>;

/** A count reads every node, so it is cached for this long, and at least for so many times as long as it took. */
const CACHE_MIN_MS = 1_000;
const CACHE_FACTOR = 20;

/** Nodes by state, over all processes: counted in the store, once for all requests that come meanwhile. */
export class NodeCounts {
  /** @throws Fault of the store */
  readonly byState: () => Promise<StateCounts>;

  constructor(system: Pick<System, "store" | "domain" | "clock">) {
    const keptForMs = (tookMs: number): number => Math.max(CACHE_MIN_MS, CACHE_FACTOR * tookMs);
    this.byState = cachedAnswer(system.clock, keptForMs, () => countNodes(system));
  }
}

async function countNodes({ store, domain }: Pick<System, "store" | "domain">): Promise<StateCounts> {
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
