import type { DriftPayload, InventoryEntry } from "./drift.ts";
import type { AttemptRef, Entity } from "./entity.ts";
import type { Fault } from "./fault.ts";
import type { ArmedDeadline } from "./handler.ts";
import { derivedId } from "./ids.ts";
import type { Intent } from "./intent.ts";
import type { Message, NewEvent } from "./message.ts";
import { toRfc3339 } from "./time.ts";

// The messages that the runtime makes itself are built and read in this file only. Their types are `deadline(ack)`,
// `failed(stock.reserve)`, `published(OrderPlaced)`, `drift(warehouse)` and `purge`. They are built field by field:
// each field that follows a spread takes V8 as long as an id.

/** What stands in the parentheses: the deadline, intent type, event type or backend that the message is about. */
export const subjectOf = (type: string): string => type.slice(type.indexOf("(") + 1, -1);

const FAULT_MESSAGE_LENGTH_MAX = 1_000;

/** A deadline has passed. Its event time is the deadline itself, however late it fires. */
export function deadlineMessage(attempt: AttemptRef, name: string, { at, renewedAt }: ArmedDeadline): Message {
  const deadlineAt = toRfc3339(at);
  const id = derivedId("deadline", attempt.attemptId, name, deadlineAt);
  return {
    kind: "deadline",
    type: `deadline(${name})`,
    id,
    entityId: attempt.entityId,
    // In a document it begins something of its own.
    correlationId: attempt.correlationId || id,
    payload: { deadline_at: deadlineAt, renewed_at: renewedAt === null ? null : toRfc3339(renewedAt) },
    now: at,
    attemptId: attempt.attemptId,
  };
}

/** Whether a `deadline(name)` fired for this time, ms since the epoch. */
export const hasFiredFor = ({ payload }: Message, at: number): boolean => payload["deadline_at"] === toRfc3339(at);

/**
 * An intent has ended: with the event that its effect answered, or with `intentFailure`.
 * @param now broker time, ms since the epoch
 */
export const outcomeMessage = (
  intent: Pick<Intent, "id" | "entityId" | "attemptId" | "correlationId" | "traceparent">,
  { type, payload }: NewEvent,
  now: number,
): Message => ({
  kind: "outcome",
  type,
  id: derivedId("outcome", intent.id),
  entityId: intent.entityId,
  correlationId: intent.correlationId,
  payload,
  now,
  attemptId: intent.attemptId,
  intentId: intent.id,
  traceparent: intent.traceparent,
});

/** `failed(intent.type)`: the backend refused it for good, or its tries are used up. */
export const intentFailure = ({ type }: Intent, backend: string, fault: Pick<Fault, "code" | "message">): NewEvent => ({
  type: `failed(${type})`,
  payload: { backend, error_code: fault.code, message: fault.message.slice(0, FAULT_MESSAGE_LENGTH_MAX) },
});

export const isIntentFailure = ({ type }: Message): boolean => type.startsWith("failed(");

/**
 * An event that the contract waits for has reached the bus.
 * @param now broker time of the append, ms since the epoch
 */
export const publishedMessage = (
  { id, type, entityId, correlationId, attemptId }: AttemptRef & { readonly id: string; readonly type: string },
  now: number,
  traceparent?: string,
): Message => ({
  kind: "published",
  type: `published(${type})`,
  id: derivedId("published", id),
  entityId,
  correlationId,
  payload: {},
  now,
  attemptId,
  traceparent,
});

/**
 * A backend holds other than it should for an entity.
 * @param found.entity as it was when it was compared; undefined: the entity is not known
 * @param now broker time, ms since the epoch
 */
export function driftMessage(
  domain: string,
  backend: string,
  found: {
    readonly entityId: string;
    readonly entity: Entity | undefined;
    readonly entries: readonly InventoryEntry[];
    readonly mayDelete: boolean;
  },
  now: number,
): Message {
  const { entityId, entity, entries, mayDelete } = found;
  const seq = entity?.seq ?? 0;
  const id = derivedId("drift", domain, entityId, backend, seq, now);
  return {
    kind: "drift",
    type: `drift(${backend})`,
    id,
    entityId,
    correlationId: entity?.attempt.correlationIds[0] ?? id,
    payload: {
      entity_seq: seq,
      entries: entries.map(({ version, content }) => ({ version, content })),
      may_delete: mayDelete,
    } satisfies DriftPayload,
    now,
    attemptId: entity?.attempt.id,
  };
}

/** What the backend held, by a `drift(backend)`. */
export const driftPayloadOf = ({ payload }: Message): DriftPayload => payload as unknown as DriftPayload;

interface PurgePayload {
  /** When the entity entered the state in which it ended, RFC 3339. */
  readonly ended_at: string;
  /** `retain`: its time is over; `operator`: someone asked for it. */
  readonly by: "retain" | "operator";
}

/**
 * An ended entity is to be forgotten.
 * @param now broker time, ms since the epoch
 */
export function purgeMessage(
  domain: string,
  { id: entityId, attempt, seq, stateSince }: Pick<Entity, "id" | "attempt" | "seq" | "stateSince">,
  by: PurgePayload["by"],
  now: number,
): Message {
  const ended_at = toRfc3339(stateSince);
  const id = derivedId("purge", domain, entityId, seq, ended_at);
  return {
    kind: "purge",
    type: "purge",
    id,
    entityId,
    correlationId: attempt.correlationIds[0] ?? id,
    payload: { ended_at, by } satisfies PurgePayload,
    now,
    attemptId: attempt.id,
  };
}

/** Which end a `purge` is about, and who wants it. */
export const purgePayloadOf = ({ payload }: Message): PurgePayload => payload as unknown as PurgePayload;
