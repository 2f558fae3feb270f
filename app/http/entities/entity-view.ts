import { z } from "zod";
import type { Entity } from "../../../runtime/core/entity.ts";
import { toRfc3339 } from "../../../runtime/core/time.ts";
import type { StoredEntity } from "../../../runtime/stored/entities.ts";

const Time = z.iso.datetime();
export const Deadlines = z
  .record(z.string(), z.object({ at: Time, renewed_at: Time.nullable() }))
  .describe("those that are armed, by the name in the contract");

/** One entity of any domain, as the API shows it. */
export const EntityView = z.object({
  id: z.string(),
  state: z.string().nullable().describe("the orchestrator's state"),
  reducer_state: z.string(),
  state_since: Time,
  attempt: z.int().describe("1 for the first"),
  attempt_id: z.string().nullable(),
  correlation_ids: z
    .array(z.string())
    .describe("the attempt's own first, then those of absorbed messages; of a document none"),
  seq: z.int().describe("of the last event"),
  updated_at: Time.describe("when it was last stored"),
  last_seen: Time.nullable().describe(
    "event time of the last message from outside that was journaled or renewed a deadline",
  ),
  deadlines: Deadlines,
  data: z.unknown().describe("as the reducer keeps it"),
});
export type EntityView = z.infer<typeof EntityView>;

export const entityView = ({ updatedAt, lastSeenMs, ...entity }: StoredEntity): EntityView => ({
  id: entity.id,
  state: entity.state,
  reducer_state: entity.reducerState,
  state_since: toRfc3339(entity.stateSince),
  attempt: entity.attempt.number,
  attempt_id: entity.attempt.id || null,
  correlation_ids: [...entity.attempt.correlationIds],
  seq: entity.seq,
  updated_at: updatedAt.toISOString(),
  last_seen: lastSeenMs === null ? null : toRfc3339(lastSeenMs),
  deadlines: deadlinesView(entity),
  data: entity.data,
});

export const deadlinesView = ({ deadlines }: Pick<Entity, "deadlines">): z.infer<typeof Deadlines> =>
  Object.fromEntries(
    Object.entries(deadlines).map(([name, { at, renewedAt }]) => [
      name,
      { at: toRfc3339(at), renewed_at: renewedAt === null ? null : toRfc3339(renewedAt) },
    ]),
  );
