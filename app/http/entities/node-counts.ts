import { z } from "zod";
import { type Domain, NO_ENTITY, type StateSpec } from "../../../runtime/core/domain.ts";
import type { System } from "../../host/compose.ts";
import { cachedAnswer } from "../../host/cached-answer.ts";
import { apiRoute, type Http } from "../server/route-types.ts";

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
  readonly #system: Pick<System, "domain">;
  /** @throws Fault of the store */
  readonly byState: () => Promise<StateCounts>;

  constructor(system: Pick<System, "store" | "domain" | "clock">) {
    const keptForMs = (tookMs: number): number => Math.max(CACHE_MIN_MS, CACHE_FACTOR * tookMs);
    this.byState = cachedAnswer(system.clock, keptForMs, () => countNodes(system));
    this.#system = system;
  }

  /** Of each state that a node can rest in, in the order of the contract. Undefined while the store can't be asked. */
  async byStableState(): Promise<ReadonlyMap<string, number> | undefined> {
    const counts = await this.byState().catch(() => undefined);
    return (
      counts && new Map(stableStates(this.#system.domain).map(({ name }) => [name, counts.orchestrator[name] ?? 0]))
    );
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

/** The orchestrator's states that a node can rest in, in the order of the contract. */
export const stableStates = ({ orchestrator }: Domain): readonly StateSpec[] =>
  [...orchestrator.states.values()].filter(({ name, transient }) => name !== NO_ENTITY && !transient);

export function addStateCountRoutes(http: Http, counts: NodeCounts): void {
  const summary = "Nodes by state of both state machines, over all processes";
  http.get("/api/v1/contracts/counts", apiRoute(["reader"], { summary, response: { 200: StateCounts } }), () =>
    counts.byState(),
  );
}
