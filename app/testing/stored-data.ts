import type { Domain } from "../../runtime/core/domain.ts";
import type { Entity } from "../../runtime/core/entity.ts";
import { loadData } from "../../runtime/core/entity-data.ts";
import { derivedId } from "../../runtime/core/ids.ts";
import { jsonDifferences } from "../../runtime/replay/json-differences.ts";
import { unknownName } from "./known-names.ts";

/** An entity that is there already. */
export interface StoredState {
  /** The orchestrator's; it was entered now, so its deadline is armed. */
  readonly state: string;
  /** Default: the reducer's first. */
  readonly reducerState?: string;
  /** As this or an earlier version of the code has stored it. */
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * As it is read from the store.
 * @throws Error for a state that there is not; for data that can't be read, or is another when it is read again
 */
export function storedEntity(
  domain: Domain,
  id: string,
  { state, reducerState, data }: StoredState,
  nowMs: number,
): Entity {
  const spec = domain.orchestrator.states.get(state);
  if (!spec) throw unknownName("state", state, domain.orchestrator.states.keys());
  if (reducerState !== undefined && !domain.reducer.states.has(reducerState))
    throw unknownName("state of the reducer", reducerState, domain.reducer.states.keys());
  const attemptId = derivedId("attempt", domain.name, id, "stored");
  const entity: Entity = {
    ...{ id, state, reducerState: reducerState ?? domain.reducer.initial, data: readBack(domain, id, data) },
    attempt: { number: 1, id: attemptId, correlationIds: [attemptId], awaiting: [] },
    ...{ seq: 1, publishedSeq: null, stateSince: nowMs },
    deadlines: spec.deadline ? { [spec.deadline.name]: { at: nowMs + spec.deadline.afterMs, renewedAt: null } } : {},
  };
  assertReadBack(domain, entity);
  return entity;
}

/** @throws Error when the entity's data would not be read from the store as it is: then it hangs on when it is read */
export function assertReadBack(domain: Domain, { id, data }: Entity): void {
  const [first] = jsonDifferences(asJson(data), readBack(domain, id, data), "data");
  if (first)
    throw new Error(
      `${id}: ${first.field} is ${JSON.stringify(first.recorded) ?? "missing"}, and would be read from the store as ` +
        `${JSON.stringify(first.replayed) ?? "nothing"}: a reducer's update returns what its schema takes, and what ` +
        "`upcast` and the schema have made they leave as it is",
    );
}

function readBack(domain: Domain, id: string, data: unknown): unknown {
  try {
    return asJson(loadData(domain, asJson(data)));
  } catch (error) {
    throw new Error(`the data of ${id} can't be read from the store, ${String((error as Error).message)}`, {
      cause: error,
    });
  }
}

const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
