import { createHash } from "node:crypto";
import type { Decision, EmittedEvent } from "../../core/decision.ts";
import type { Domain } from "../../core/domain.ts";
import type { Entity } from "../../core/entity.ts";
import { encodeEvent } from "../../core/envelope.ts";
import { derivedId } from "../../core/ids.ts";
import type { Intent } from "../../core/intent.ts";
import { type SettledIntentRecord, type StepRecord, stepRecord } from "../../core/journal.ts";
import type { Message } from "../../core/message.ts";
import { step } from "../../core/step.ts";
import { toRfc3339 } from "../../core/time.ts";
import { KEY_AND_HEADERS_BYTES_MAX, escapeUnprintable, VALUE_BYTES_MAX } from "../../core/wire.ts";
import type { OutgoingMessage } from "../../ports/event-bus.ts";
import {
  BROKER_TIME_HEADER,
  keyAndHeaderBytes,
  type RecordItem,
  REPARTITIONED_HEADER,
  textHeaders,
  type WorkItem,
} from "./read-items.ts";
import type { InboxItem } from "./inbox.ts";
import type { Partition } from "../partitions/partition.ts";
import type { InternedValues } from "./interned-values.ts";
import type { ShellEvent } from "../shell-event.ts";
import type { NewDeadLetterRow, EventText, NewIntentRow, NewJournalRow } from "./turn-rows.ts";
import type { TurnSpans } from "./turn-spans.ts";

const ERROR_LENGTH_MAX = 1_000;

/** What one partition's part of a turn writes. */
export class PartitionCursors {
  readonly partition: Partition;
  readonly positions = new Map<string, number>();
  nextSeq: number;
  publishedSeq: number;

  constructor(partition: Partition, after: { readonly nextSeq: number; readonly publishedSeq: number }) {
    this.partition = partition;
    this.nextSeq = after.nextSeq;
    this.publishedSeq = after.publishedSeq;
  }
}

export interface LoadedState {
  entity(entityId: string): Entity | undefined;
  seen(dedupeKey: string): boolean;
  /** How far a partition's journal and publishing are. */
  cursorsOf(partition: Partition): { readonly nextSeq: number; readonly publishedSeq: number };
  readonly internedValues: InternedValues;
}

/** A turn, stepped and ready to be written: everything it will change, nothing of it changed yet. */
export class TurnPlan {
  readonly cursors = new Map<Partition, PartitionCursors>();
  readonly journal: NewJournalRow[] = [];
  readonly deadLetters: NewDeadLetterRow[] = [];
  readonly seen = new Set<string>();
  readonly intents: NewIntentRow[] = [];
  readonly settled: { readonly partition: Partition; readonly intent: Intent }[] = [];
  readonly shellEvents: ShellEvent[] = [];
  /** Entity as it was before the turn and as it is now, by id. */
  readonly entities = new Map<
    string,
    { readonly partition: Partition; readonly before: Entity | undefined; now: Entity }
  >();
  readonly #domain: Domain;
  readonly #loaded: LoadedState;
  /** Broker time of the turn, ms since the epoch. */
  readonly atMs: number;
  /** Where a tracer is installed. */
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
    if (decision.result === "refused" && item.kind === "record") {
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
    return this.entities.get(id)?.now ?? this.#loaded.entity(id);
  }

  #setEntity(partition: Partition, id: string, before: Entity | undefined, now: Entity | undefined): void {
    if (now === undefined || now === before) return;
    const shared = before?.data === now.data ? now : this.#loaded.internedValues.internEntity(now);
    const known = this.entities.get(id);
    if (known) known.now = shared;
    else this.entities.set(id, { partition, before, now: shared });
  }

  #journalStep(
    partition: Partition,
    message: Message,
    before: Entity | undefined,
    decision: Decision,
    settled?: Pick<StepRecord, "note" | "tries">,
  ): void {
    const { entity, events, intents } = decision;
    const payloads = intents.map(({ payload }) => JSON.stringify(payload));
    const body = stepRecord(message, before, decision, { note: settled?.note, tries: settled?.tries, payloads });
    this.#appendRow(partition, "message", { ...journalFieldsOf(message), attemptId: entity?.attempt.id, body });
    for (const event of events) this.#journalEvent(partition, event, message.traceparent);
    const cursors = this.cursorsOf(partition);
    intents.forEach((intent, at) =>
      this.intents.push({ partition, seq: cursors.nextSeq++, intent, payload: payloads[at] ?? "" }),
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
      text: { key: entityId, value, traceparent },
    });
  }

  #journalRepeat(partition: Partition, message: Message): void {
    this.#appendRow(partition, "repeat", {
      ...journalFieldsOf(message),
      body: { reason: "duplicate: already processed", origin: message.origin },
    });
    this.shellEvents.push({ kind: "repeat", partition: partition.number, type: message.type });
  }

  /** The copy goes where the entity belongs; the message itself changes nothing and counts as none. */
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

  /** @param refused the step that the core refused: with it the refusal can be replayed */
  #addDeadLetter(item: RecordItem, code: string, reason: string, message?: Message, refused?: object): void {
    const { record, partition } = item;
    const error = escapeUnprintable(reason.slice(0, ERROR_LENGTH_MAX));
    const { topic, offset } = record;
    const id = derivedId("dead_letter", topic, record.partition, offset);
    const isTooLong = (record.value?.length ?? 0) > VALUE_BYTES_MAX;
    const value = isTooLong && record.value ? record.value.subarray(0, VALUE_BYTES_MAX) : record.value;
    const fitsKeyAndHeaders = keyAndHeaderBytes(record) <= KEY_AND_HEADERS_BYTES_MAX;
    const truncated =
      isTooLong && record.value
        ? {
            dlq_truncated: "true",
            dlq_length: String(record.value.length),
            dlq_sha256: createHash("sha256").update(record.value).digest("hex"),
          }
        : {};
    const dlqHeaders = {
      dlq_topic: topic,
      dlq_partition: String(record.partition),
      dlq_offset: String(offset),
      dlq_error_code: code,
      dlq_error: error,
      dlq_at: toRfc3339(this.atMs),
      ...truncated,
      ...(!fitsKeyAndHeaders && { dlq_truncated: "true" }),
    };
    this.deadLetters.push({ id, item, code, error, value, headers: JSON.stringify(textHeaders(record)) });
    this.#appendRow(partition, "dead_letter", {
      ...(message && journalFieldsOf(message)),
      messageId: id,
      body: { code, error, origin: { topic, partition: record.partition, offset }, ...(refused && { refused }) },
      outgoing: {
        topic: this.#domain.deadLetterTopic,
        partition: partition.number,
        value,
        key: fitsKeyAndHeaders ? record.key : null,
        headers: { ...(fitsKeyAndHeaders && record.headers), ...dlqHeaders },
      },
    });
    this.shellEvents.push({ kind: "dead_letter", partition: partition.number, topic, offset, code, error });
  }

  #appendRow(
    partition: Partition,
    kind: NewJournalRow["kind"],
    row: {
      readonly entityId?: string;
      readonly type?: string;
      readonly messageId?: string;
      readonly correlationId?: string;
      readonly attemptId?: string | undefined;
      readonly body?: object;
      readonly outgoing?: OutgoingMessage;
      readonly text?: EventText;
    },
  ): void {
    this.journal.push({
      partition,
      seq: this.cursorsOf(partition).nextSeq++,
      kind,
      entityId: row.entityId ?? null,
      type: row.type ?? null,
      messageId: row.messageId ?? null,
      correlationId: row.correlationId ?? null,
      attemptId: row.attemptId || null,
      body: row.body ? JSON.stringify(row.body) : null,
      outgoing: row.outgoing ?? null,
      eventText: row.text ?? null,
    });
  }
}

const journalFieldsOf = ({ entityId, type, id, correlationId }: Message) => ({
  entityId,
  type,
  messageId: id,
  correlationId,
});
