import type { Decision } from "../../core/decision.ts";
import type { EmittedEvent } from "../../core/emission.ts";
import type { Domain } from "../../core/domain.ts";
import type { Entity } from "../../core/entity.ts";
import { encodeEvent } from "../../core/envelope.ts";
import type { Intent } from "../../core/intent.ts";
import { type JournalRow, type SettledIntentRecord, stepRecord } from "../../core/journal.ts";
import type { Message } from "../../core/message.ts";
import { step } from "../../core/step.ts";
import type { OutgoingMessage } from "../../ports/event-bus.ts";
import type { Partition } from "../partitions/partition.ts";
import type { EventIdentity } from "../publisher.ts";
import type { ShellEvent } from "../shell-event.ts";
import { deadLetterMessage, deadLetterRow, type NewDeadLetterRow } from "./dead-letter.ts";
import type { InboxItem } from "./inbox.ts";
import type { InternedValues } from "./interned-values.ts";
import { BROKER_TIME_HEADER, type RecordItem, REPARTITIONED_HEADER, type WorkItem } from "./read-items.ts";
import type { TurnSpans } from "./turn-spans.ts";

/** A row of the journal that is to be written. Rows with an outgoing message are the outbox. */
export interface NewJournalRow extends Pick<
  JournalRow,
  "seq" | "kind" | "entity_id" | "type" | "message_id" | "correlation_id" | "attempt_id"
> {
  readonly partition: Partition;
  readonly body: string | null;
  readonly outgoing: OutgoingMessage | null;
  /** For rows of events. */
  readonly event: EventIdentity | undefined;
  /** An event's value as text; its key is the entity's id, and its headers follow from the value. */
  readonly eventText: { readonly value: string; readonly traceparent: string | undefined } | null;
}

export interface NewIntentRow {
  readonly partition: Partition;
  readonly seq: number;
  readonly intent: Intent;
  /** The intent's payload as JSON. */
  readonly payload: string;
}

/** How far a partition has got after the turn. `positions` has only those that the turn changes. */
export interface PartitionCursors extends Pick<Partition, "nextSeq" | "publishedSeq" | "positions"> {
  readonly partition: Partition;
}

/** The state that a turn starts from: as stored, or as the turn before it, not committed yet, will leave it. */
export interface LoadedState {
  entity(entityId: string): Entity | undefined;
  /** Whether a message with this key was processed before. */
  seen(dedupeKey: string): boolean;
  cursorsOf(partition: Partition): Pick<Partition, "nextSeq" | "publishedSeq">;
  readonly internedValues: InternedValues;
}

export interface ChangedEntity {
  readonly partition: Partition;
  /** As it was before the turn, and as the turn leaves it. */
  readonly before: Entity | undefined;
  after: Entity;
}

/**
 * What a turn will write, and what it will cause once it is committed. Nothing outside of the plan changes before that,
 * so a plan can be discarded and made again.
 */
export class TurnPlan {
  readonly cursors = new Map<Partition, PartitionCursors>();
  readonly journal: NewJournalRow[] = [];
  readonly deadLetters: NewDeadLetterRow[] = [];
  /** The deduplication keys of the messages that the turn processes. */
  readonly seen = new Set<string>();
  readonly intents: NewIntentRow[] = [];
  /** Intents that have ended, whether they succeeded or failed. */
  readonly settled: { readonly partition: Partition; readonly intent: Intent }[] = [];
  readonly shellEvents: ShellEvent[] = [];
  /** By entity id. */
  readonly entities = new Map<string, ChangedEntity>();
  readonly #domain: Domain;
  readonly #loaded: LoadedState;
  /** Broker time of the turn, ms since the epoch. */
  readonly atMs: number;
  /** Undefined when no tracer is installed. */
  readonly spans: TurnSpans | undefined;

  constructor(domain: Domain, loaded: LoadedState, atMs: number, spans?: TurnSpans) {
    this.#domain = domain;
    this.#loaded = loaded;
    this.atMs = atMs;
    this.spans = spans;
  }

  cursorsOf(partition: Partition): PartitionCursors {
    let cursors = this.cursors.get(partition);
    if (!cursors) {
      const { nextSeq, publishedSeq } = this.#loaded.cursorsOf(partition);
      this.cursors.set(partition, (cursors = { partition, positions: new Map(), nextSeq, publishedSeq }));
    }
    return cursors;
  }

  add(work: WorkItem): void {
    const { item } = work;
    const cursors = this.cursorsOf(item.partition);
    if (item.kind === "record") cursors.positions.set(item.record.topic, item.record.offset + 1);
    if (work.kind === "dead_letter") this.#addDeadLetter(work.item, work.code, work.error);
    else if (work.kind === "skipped") this.#countSkipped(work.item, work.type);
    else if (work.kind === "repartition") this.#repartition(work.item, work.message, work.to);
    else if (work.kind === "bookkeeping") this.#applyBookkeeping(work);
    else this.#step(work);
  }

  /** For items without a step: an advance of the publishing cursor, an intent that ended without outcome, a gap. */
  #applyBookkeeping({ item }: WorkItem): void {
    const { partition } = item;
    if (item.kind === "published") {
      const cursors = this.cursorsOf(partition);
      cursors.publishedSeq = Math.max(cursors.publishedSeq, item.throughSeq);
    }
    if (item.kind === "settled") {
      const { intent, note, tries } = item;
      const { id, type, target } = intent;
      this.settled.push({ partition, intent });
      const body: SettledIntentRecord = { kind: "settled", intent: { id, type, target }, note, tries };
      this.#appendRow(partition, "message", { ...journalFieldsOf(intent), attempt_id: intent.attemptId, body });
    }
    if (item.kind === "gap") {
      const { topic, from, to } = item;
      this.#appendRow(partition, "gap", {
        body: { reason: `offsets ${from} to ${to - 1} of ${topic} were gone before they were read`, topic, from, to },
      });
    }
  }

  #step(work: Extract<WorkItem, { kind: "step" }>): void {
    const { item, message: received } = work;
    const { partition } = item;
    if (work.dedupeKey !== undefined) {
      if (this.seen.has(work.dedupeKey) || this.#loaded.seen(work.dedupeKey))
        return this.#journalRepeat(partition, received);
      this.seen.add(work.dedupeKey);
    }
    const message = this.spans?.startMessage(received) ?? received;
    const before = this.entities.get(message.entityId)?.after ?? this.#loaded.entity(message.entityId);
    const decision = step(this.#domain, before, message);
    this.spans?.recordDecision(message, decision);
    // A dead letter keeps the bytes of a record. A refused message that is no record is journaled like any step.
    if (decision.result === "refused" && item.kind === "record") {
      // Otherwise an operator's retry of the dead letter would count as a duplicate.
      if (work.dedupeKey !== undefined) this.seen.delete(work.dedupeKey);
      const refused = { message_id: message.id, ...stepRecord(message, before, decision) };
      return this.#addDeadLetter(item, "CORE_ERROR", decision.reason, message, refused);
    }
    if (item.kind === "settled") this.settled.push({ partition, intent: item.intent });
    this.#setEntity(partition, message.entityId, before, decision.entity);
    const isMinor = decision.result === "no_op" || decision.result === "renewed";
    if (work.isAlwaysJournaled || !isMinor) this.#journalStep(item, message, before, decision);
    this.shellEvents.push({ kind: "decision", partition: partition.number, message, decision });
  }

  #setEntity(partition: Partition, id: string, before: Entity | undefined, after: Entity | undefined): void {
    if (after === undefined || after === before) return;
    const interned = before?.data === after.data ? after : this.#loaded.internedValues.internEntity(after);
    const changed = this.entities.get(id);
    if (changed) changed.after = interned;
    else this.entities.set(id, { partition, before, after: interned });
  }

  #journalStep(item: InboxItem, message: Message, before: Entity | undefined, decision: Decision): void {
    const { partition } = item;
    const { entity, events, intents } = decision;
    const payloads = intents.map(({ payload }) => JSON.stringify(payload));
    const settled = item.kind === "settled" ? item : undefined;
    const body = stepRecord(message, before, decision, { note: settled?.note, tries: settled?.tries, payloads });
    this.#appendRow(partition, "message", {
      ...journalFieldsOf(message),
      attempt_id: entity?.attempt.id ?? null,
      body,
    });
    for (const event of events) this.#journalEvent(partition, event, message.traceparent);
    const cursors = this.cursorsOf(partition);
    intents.forEach((intent, index) =>
      this.intents.push({ partition, seq: cursors.nextSeq++, intent, payload: payloads[index] ?? "" }),
    );
  }

  #journalEvent(partition: Partition, event: EmittedEvent, traceparent: string | undefined): void {
    const { value, headers } = encodeEvent(this.#domain.name, event, traceparent);
    const entityId = String(event.payload["entity_id"]);
    const { topic, id, type, attemptId, correlationId } = event;
    const identity = { id, type, entityId, attemptId, correlationId };
    this.#appendRow(partition, "event", {
      ...journalFieldsOf(identity),
      attempt_id: attemptId,
      outgoing: { topic, partition: partition.number, key: Buffer.from(entityId), value: Buffer.from(value), headers },
      event: identity,
      eventText: { value, traceparent },
    });
  }

  /** A message that was processed before: it takes no step. */
  #journalRepeat(partition: Partition, message: Message): void {
    this.#appendRow(partition, "repeat", {
      ...journalFieldsOf(message),
      body: { reason: "duplicate: already processed", origin: message.origin },
    });
    this.shellEvents.push({ kind: "repeat", partition: partition.number, type: message.type });
  }

  #countSkipped({ partition, record: { topic } }: RecordItem, type: string): void {
    this.shellEvents.push({ kind: "skipped", partition: partition.number, topic, type });
  }

  /** Sends a copy to the entity's partition, where it takes its step. */
  #repartition({ partition, record }: RecordItem, message: Message, to: number): void {
    const headers = {
      message_id: message.id,
      correlation_id: message.correlationId,
      ...record.headers,
      [REPARTITIONED_HEADER]: String(record.partition),
      [BROKER_TIME_HEADER]: String(record.brokerTimeMs),
    };
    this.#appendRow(partition, "repartitioned", {
      ...journalFieldsOf(message),
      body: { reason: `belongs to partition ${to}`, origin: message.origin },
      outgoing: {
        topic: record.topic,
        partition: to,
        key: Buffer.from(message.entityId),
        value: record.value,
        headers,
      },
    });
    this.shellEvents.push({ kind: "repartitioned", partition: partition.number, topic: record.topic });
  }

  /** @param refused the record of the step in which the domain's code failed, so that the failure can be replayed */
  #addDeadLetter(item: RecordItem, code: string, reason: string, message?: Message, refused?: object): void {
    const { partition, record } = item;
    const { topic, offset } = record;
    const row = deadLetterRow(item, code, reason);
    const { id, error } = row;
    this.deadLetters.push(row);
    this.#appendRow(partition, "dead_letter", {
      ...(message && journalFieldsOf(message)),
      message_id: id,
      body: { code, error, origin: { topic, partition: record.partition, offset }, ...(refused && { refused }) },
      outgoing: deadLetterMessage(this.#domain.deadLetterTopic, row, this.atMs),
    });
    this.shellEvents.push({ kind: "dead_letter", partition: partition.number, topic, offset, code, error });
  }

  #appendRow(
    partition: Partition,
    kind: NewJournalRow["kind"],
    row: Partial<Omit<NewJournalRow, "partition" | "seq" | "kind" | "body">> & { readonly body?: object },
  ): void {
    this.journal.push({
      partition,
      seq: this.cursorsOf(partition).nextSeq++,
      kind,
      entity_id: row.entity_id ?? null,
      type: row.type ?? null,
      message_id: row.message_id ?? null,
      correlation_id: row.correlation_id ?? null,
      // The attempt id is empty for an entity without an attempt: stored as null.
      attempt_id: row.attempt_id || null,
      body: row.body ? JSON.stringify(row.body) : null,
      outgoing: row.outgoing ?? null,
      event: row.event,
      eventText: row.eventText ?? null,
    });
  }
}

const journalFieldsOf = ({ entityId, type, id, correlationId }: Pick<Message, keyof EventIdentity>) => ({
  entity_id: entityId,
  type,
  message_id: id,
  correlation_id: correlationId,
});
