import { toRfc3339 } from "../../core/time.ts";
import { requestId } from "./memoized-ids.ts";
import { START_MS, type SystemState } from "./system-state.ts";

const IDS_AND_TIMES =
  /"(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"/g;
/** What the runtime counts up in events, where a reducer keeps it. */
const COUNTERS = /"(?:entity_seq|attempt|version)":\d+/g;
const START = toRfc3339(START_MS);

/**
 * All that makes a difference to what may happen next: of states with the same fingerprint one is explored. Ids differ
 * by whose they are, times by whether they lie before the first state; counters that only grow are left out.
 */
export function stateFingerprint({
  entity,
  idPhase,
  previousAttempt,
  requestedIntents,
  unpublished,
  owed,
  seen,
  eventuallyReached,
}: SystemState): string {
  if (!entity) return "";
  const { state, reducerState, attempt, deadlines } = entity;
  const text = JSON.stringify([
    state,
    reducerState,
    Object.entries(deadlines).map(([name, { at, renewedAt }]) => [name, at < START_MS, renewedAt !== null]),
    attempt.correlationIds.length,
    attempt.awaiting.length,
    requestedIntents
      .map(({ intent, answered }) => `${intent.type} ${attempt.awaiting.includes(intent.id)} ${answered}`)
      .sort(),
    [...unpublished].sort(),
    [...owed].map(([target, { type, attemptId }]) => `${target} ${type} ${attemptId === attempt.id}`).sort(),
    [...seen].sort(),
    eventuallyReached,
    entity.data,
  ]);
  const roleOf = new Map([
    [attempt.id, "this attempt"],
    [previousAttempt.id, "the attempt before"],
    ...requests(idPhase),
  ]);
  return text
    .replace(IDS_AND_TIMES, (quoted) => {
      const value = quoted.slice(1, -1);
      if (value.includes("T")) return value < START ? "before" : "since";
      return roleOf.get(value) ?? "an id";
    })
    .replace(COUNTERS, "");
}

const requests = (phase: number) =>
  ["a request to come", "the request before", "this request"].map(
    (role, index) => [requestId((phase + index) % 3), role] as const,
  );
