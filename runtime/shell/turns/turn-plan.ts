import type { Decision } from "../../core/decision.ts";
import type { EmittedEvent } from "../../core/emission.ts";
import type { Domain } from "../../core/domain.ts";
import type { Entity } from "../../core/entity.ts";
import { encodeEvent } from "../../core/envelope.ts";
import type { Intent } from "../../core/intent.ts";
import { type SettledIntentRecord, stepRecord } from "../../core/journal.ts";
import type { Message } from "../../core/message.ts";
import { step } from "../../core/step.ts";
import type { Partition } from "../partitions/partition.ts";
import type { ShellEvent } from "../shell-event.ts";
import { deadLetterMessage, deadLetterRow } from "./dead-letter.ts";
import type { InboxItem } from "./inbox.ts";
import type { InternedValues } from "./interned-values.ts";
import { BROKER_TIME_HEADER, type RecordItem, REPARTITIONED_HEADER, type WorkItem } from "./read-items.ts";
import type { NewDeadLetterRow, NewIntentRow, NewJournalRow } from "./turn-rows.ts";
import type { TurnSpans } from "./turn-spans.ts";

/** How far a partition is after the turn: its journal, its publishing, and its position in each topic. */
export class PartitionCursors {
  readonly partition: Partition;
  readonly positions = new Map<string, number>();
  /** Of the next row in the partition's journal. */
  nextSeq: number;
  /** Of the last journal row that was published. */
  publishedSeq: number;

  constructor(partition: Partition, before: { readonly nextSeq: number; readonly publishedSeq: number }) {
    this.partition = partition;
    this.nextSeq = before.nextSeq;
    this.publishedSeq = before.publishedSeq;
  }
}

/** What a turn is planned on: the stored state, or the state that the turn before it will leave. */
export interface LoadedState {
  entity(entityId: string): Entity | undefined;
  /** Whether a message with this key was processed before. */
  seen(dedupeKey: string): boolean;
  cursorsOf(partition: Partition): { readonly nextSeq: number; readonly publishedSeq: number };
  readonly internedValues: InternedValues;
}

export interface ChangedEntity {
  readonly partition: Partition;
  /** Before the turn, and after it. */
  readonly before: Entity | undefined;
  after: Entity;
}

/**
 * A turn whose steps were taken: all that it will write and start. Nothing outside of the plan changes until it is
 * committed, so a plan can be thrown away and made again.
 */
export class TurnPlan {
  readonly cursors = new Map<Partition, PartitionCursors>();
  readonly journal: NewJournalRow[] = [];
  readonly deadLetters: NewDeadLetterRow[] = [];
  /** The deduplication keys of the messages that the turn processes. */
  readonly seen = new Set<string>();
  readonly intents: NewIntentRow[] = [];
  /** Intents that have ended, with whatever outcome. */
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
    if (!cursors)
      this.cursors.set(partition, (cursors = new PartitionCursors(partition, this.#loaded.cursorsOf(partition))));
    return cursors;
  }

  add(work: WorkItem): void {
    const { item } = work;
    const cursors = this.cursorsOf(item.partition);
    if (item.kind === "record") cursors.positions.set(item.record.topic, item.record.offset + 1);
    if (work.kind === "dead_letter") this.#addDeadLetter(work.item, work.code, work.error);
    else if (work.kind === "repartition") this.#repartition(work.item, work.message, work.to);
    else if (work.kind === "bookkeeping") this.#applyBookkeeping(work);
    else this.#step(work);
  }

  /** Items without a step: the publishing cursor, an intent that ended without an outcome, a gap in the log. */
  #applyBookkeeping({ item }: WorkItem): void {
    if (item.kind === "published") {
      const cursors = this.cursorsOf(item.partition);
      cursors.publishedSeq = Math.max(cursors.publishedSeq, item.throughSeq);
    }
    if (item.kind === "settled") this.#addSettledIntent(item);
    if (item.kind === "gap") {
      const { partition, topic, from, to } = item;
      this.#appendRow(partition, "gap", {
        body: { reason: `offsets ${from} to ${to - 1} of ${topic} were gone before they were read`, topic, from, to },
      });
    }
  }

  #addSettledIntent({ partition, intent, note, tries }: Extract<InboxItem, { kind: "settled" }>): void {
    this.settled.push({ partition, intent });
    const { id, target } = intent;
    const body: SettledIntentRecord = { kind: "settled", intent: { id, type: intent.type, target }, note, tries };
    const { entityId, type, correlationId, attemptId, id: messageId } = intent;
    this.#appendRow(partition, "message", { entityId, type, correlationId, attemptId, messageId, body });
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
    const before = this.#entity(message.entityId);
    const decision = step(this.#domain, before, message);
    this.spans?.recordDecision(message, decision);
    // Only records have bytes to keep in a dead letter; other refused messages are journaled like any step.
    if (decision.result === "refused" && item.kind === "record") {
      // Or an operator's retry of the dead letter would be a duplicate.
      if (work.dedupeKey !== undefined) this.seen.delete(work.dedupeKey);
      const refused = { message_id: message.id, ...stepRecord(message, before, decision) };
      return this.#addDeadLetter(item, "CORE_ERROR", decision.reason, message, refused);
    }
    if (item.kind === "settled") this.settled.push({ partition, intent: item.intent });
    this.#setEntity(partition, message.entityId, before, decision.entity);
    const isQuiet = decision.result === "no_op" || decision.result === "renewed";
    if (work.journaled || !isQuiet)
      this.#journalStep(partition, message, before, decision, item.kind === "settled" ? item : undefined);
    this.shellEvents.push({ kind: "decision", partition: partition.number, message, decision });
  }

  #entity(id: string): Entity | undefined {
    return this.entities.get(id)?.after ?? this.#loaded.entity(id);
  }

  #setEntity(partition: Partition, id: string, before: Entity | undefined, after: Entity | undefined): void {
    if (after === undefined || after === before) return;
    const interned = before?.data === after.data ? after : this.#loaded.internedValues.internEntity(after);
    const changed = this.entities.get(id);
    if (changed) changed.after = interned;
    else this.entities.set(id, { partition, before, after: interned });
  }

  #journalStep(
    partition: Partition,
    message: Message,
    before: Entity | undefined,
    decision: Decision,
    intentEnd?: Pick<SettledIntentRecord, "note" | "tries">,
  ): void {
    const { entity, events, intents } = decision;
    const payloads = intents.map(({ payload }) => JSON.stringify(payload));
    const body = stepRecord(message, before, decision, { note: intentEnd?.note, tries: intentEnd?.tries, payloads });
    this.#appendRow(partition, "message", { ...journalFieldsOf(message), attemptId: entity?.attempt.id ?? null, body });
    for (const event of events) this.#journalEvent(partition, event, message.traceparent);
    const cursors = this.cursorsOf(partition);
    intents.forEach((intent, index) =>
      this.intents.push({ partition, seq: cursors.nextSeq++, intent, payload: payloads[index] ?? "" }),
    );
  }

  #journalEvent(partition: Partition, event: EmittedEvent, traceparent: string | undefined): void {
    const { value, headers } = encodeEvent(this.#domain.name, event, traceparent);
    const entityId = String(event.payload["entity_id"]);
    const { topic, correlationId, attemptId, type, id } = event;
    this.#appendRow(partition, "event", {
      entityId,
      type,
      messageId: id,
      correlationId,
      attemptId,
      outgoing: { topic, partition: partition.number, key: Buffer.from(entityId), value: Buffer.from(value), headers },
      eventText: { key: entityId, value, traceparent },
    });
  }

  #journalRepeat(partition: Partition, message: Message): void {
    this.#appendRow(partition, "repeat", {
      ...journalFieldsOf(message),
      body: { reason: "duplicate: already processed", origin: message.origin },
    });
    this.shellEvents.push({ kind: "repeat", partition: partition.number, type: message.type });
  }

  /** Sends a copy to the partition that the entity belongs to. The message itself takes no step. */
  #repartition({ partition, record }: RecordItem, message: Message, to: number): void {
    const headers = {
      ...record.headers,
      [REPARTITIONED_HEADER]: String(record.partition),
      [BROKER_TIME_HEADER]: String(record.brokerTimeMs),
    };
    const ids = { message_id: message.id, correlation_id: message.correlationId };
    this.#appendRow(partition, "repartitioned", {
      ...journalFieldsOf(message),
      body: { reason: `belongs to partition ${to}`, origin: message.origin },
      outgoing: {
        topic: record.topic,
        partition: to,
        key: Buffer.from(message.entityId),
        value: record.value,
        headers: { ...ids, ...headers },
      },
    });
    this.shellEvents.push({ kind: "repartitioned", partition: partition.number, topic: record.topic });
  }

  /** @param refused the step in which the domain's code failed, so that the failure can be replayed */
  #addDeadLetter(item: RecordItem, code: string, reason: string, message?: Message, refused?: object): void {
    const { partition, record } = item;
    const { topic, offset } = record;
    const row = deadLetterRow(item, code, reason);
    const { id, error } = row;
    this.deadLetters.push(row);
    this.#appendRow(partition, "dead_letter", {
      ...(message && journalFieldsOf(message)),
      messageId: id,
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
      entityId: row.entityId ?? null,
      type: row.type ?? null,
      messageId: row.messageId ?? null,
      correlationId: row.correlationId ?? null,
      // An entity that has made no attempt yet has an empty id there.
      attemptId: row.attemptId || null,
      body: row.body ? JSON.stringify(row.body) : null,
      outgoing: row.outgoing ?? null,
      eventText: row.eventText ?? null,
    });
  }
}

const journalFieldsOf = ({ entityId, type, id, correlationId }: Message) => ({
  entityId,
  type,
  messageId: id,
  correlationId,
});
