import { z } from "zod";
import { type Domain, NO_ENTITY, type StateSpec } from "../../../runtime/core/domain.ts";
import { countEntitiesByState } from "../../../runtime/stored/entities.ts";
import type { System } from "../../host/compose.ts";
import { cachedAnswer } from "../../host/cached-answer.ts";
import { apiRoute, type Http } from "../server/route-types.ts";

const CountByState = z.record(z.string(), z.int());
export const StateCounts = z.object({
  orchestrator: CountByState.describe("entities by the orchestrator's state; those in none are left out"),
  reducer: CountByState.describe("entities by the reducer's state"),
});
export type StateCounts = z.infer<typeof StateCounts>;

/** A count reads every entity, so it is cached for this long, and at least for so many times as long as it took. */
const CACHE_MIN_MS = 1_000;
const CACHE_FACTOR = 20;

/** Entities by state, over all processes: counted in the store, once for all requests that come meanwhile. */
export class EntityCounts {
  readonly #system: Pick<System, "domain">;
  /** @throws Fault of the store */
  readonly byState: () => Promise<StateCounts>;

  constructor(system: Pick<System, "store" | "domain" | "clock">) {
    const keptForMs = (tookMs: number): number => Math.max(CACHE_MIN_MS, CACHE_FACTOR * tookMs);
    this.byState = cachedAnswer(system.clock, keptForMs, () => countByState(system));
    this.#system = system;
  }

  /** Of each state that an entity can rest in, in the contract's order. Undefined while the store can't be asked. */
  async byStableState(): Promise<ReadonlyMap<string, number> | undefined> {
    const counts = await this.byState().catch(() => undefined);
    return (
      counts && new Map(stableStates(this.#system.domain).map(({ name }) => [name, counts.orchestrator[name] ?? 0]))
    );
  }
}

async function countByState({ store, domain }: Pick<System, "store" | "domain">): Promise<StateCounts> {
  const counts: StateCounts = { orchestrator: {}, reducer: {} };
  for (const { state, reducerState, entities } of await countEntitiesByState(store, domain.name)) {
    if (state !== null) counts.orchestrator[state] = (counts.orchestrator[state] ?? 0) + entities;
    counts.reducer[reducerState] = (counts.reducer[reducerState] ?? 0) + entities;
  }
  return counts;
}

/** The orchestrator's states that an entity can rest in, in the order of the contract. */
export const stableStates = ({ orchestrator }: Domain): readonly StateSpec[] =>
  [...orchestrator.states.values()].filter(({ name, transient }) => name !== NO_ENTITY && !transient);

export function addStateCountRoutes(http: Http, { counts }: { readonly counts: EntityCounts }): void {
  const summary = "Entities by state of both state machines, over all processes";
  http.get("/contracts/counts", apiRoute(["reader"], { summary, response: { 200: StateCounts } }), () =>
    counts.byState(),
  );
}
