import { createHash } from "node:crypto";
import type { Decision, EmittedEvent } from "../../core/decision.ts";
import type { Domain } from "../../core/domain.ts";
import type { Entity } from "../../core/entity.ts";
import { encodeEvent } from "../../core/envelope.ts";
import { derivedId } from "../../core/ids.ts";
import type { Intent } from "../../core/intent.ts";
import { type SettledRecord, type StepRecord, stepRecord } from "../../core/journal.ts";
import type { Message } from "../../core/message.ts";
import { step } from "../../core/step.ts";
import { toRfc3339 } from "../../core/time.ts";
import { LABEL_BYTES_MAX, spelledOut, VALUE_BYTES_MAX } from "../../core/wire.ts";
import type { OutgoingMessage } from "../../ports/event-bus.ts";
import { BROKER_TIME, labelBytesOf, type RecordItem, REKEYED, textHeaders, type Work } from "./read-items.ts";
import type { Item } from "./inbox.ts";
import type { Partition } from "../partitions/partition.ts";
import type { SharedValues } from "./interned-values.ts";
import type { ShellEvent } from "../shell-event.ts";
import type { DeadLetterRow, EventText, IntentRow, JournalRow } from "./turn-rows.ts";
import type { TurnSpans } from "./turn-spans.ts";

const ERROR_LENGTH_MAX = 1_000;

/** What one partition's share of a turn writes. */
export class Share {
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

export interface Loaded {
  entity(entityId: string): Entity | undefined;
  seen(dedupeKey: string): boolean;
  /** How far a partition's journal and publishing are. */
  share(partition: Partition): { readonly nextSeq: number; readonly publishedSeq: number };
  readonly values: SharedValues;
}

/** A turn, stepped and ready to be written: everything it will change, nothing of it changed yet. */
export class TurnPlan {
  readonly shares = new Map<Partition, Share>();
  readonly journal: JournalRow[] = [];
  readonly deadLetters: DeadLetterRow[] = [];
  readonly seen = new Set<string>();
  readonly intents: IntentRow[] = [];
  readonly settled: { readonly partition: Partition; readonly intent: Intent }[] = [];
  readonly told: ShellEvent[] = [];
  /** Entity as it was before the turn and as it is now, by id. */
  readonly entities = new Map<
    string,
    { readonly partition: Partition; readonly before: Entity | undefined; now: Entity }
  >();
  readonly #domain: Domain;
  readonly #loaded: Loaded;
  /** Broker time of the turn, ms since the epoch. */
  readonly atMs: number;
  /** Where a tracer is installed. */
  readonly spans: TurnSpans | undefined;

  constructor(domain: Domain, loaded: Loaded, atMs: number, spans?: TurnSpans) {
    this.#domain = domain;
    this.#loaded = loaded;
    this.atMs = atMs;
    this.spans = spans;
  }

  share(partition: Partition): Share {
    let share = this.shares.get(partition);
    if (!share) this.shares.set(partition, (share = new Share(partition, this.#loaded.share(partition))));
    return share;
  }

  add(work: Work): void {
    const { item } = work;
    const share = this.share(item.partition);
    if (item.kind === "record") share.positions.set(item.record.topic, item.record.offset + 1);
    if (work.kind === "dead") this.#deadLetter(work.item, work.code, work.error);
    else if (work.kind === "rekey") this.#rekey(work.item, work.message, work.to);
    else if (work.kind === "bookkeeping") this.#keepBooks(work);
    else this.#step(work);
  }

  #keepBooks({ item }: Work): void {
    if (item.kind === "published") {
      const share = this.share(item.partition);
      share.publishedSeq = Math.max(share.publishedSeq, item.throughSeq);
    }
    if (item.kind === "settled") this.#settle(item);
    if (item.kind === "gap") {
      const { partition, topic, from, to } = item;
      this.#write(partition, "gap", {
        body: { reason: `offsets ${from} to ${to - 1} of ${topic} were gone before they were read`, topic, from, to },
      });
    }
  }

  #settle({ partition, intent, note, tries }: Extract<Item, { kind: "settled" }>): void {
    this.settled.push({ partition, intent });
    const { id, target } = intent;
    const body: SettledRecord = { kind: "settled", intent: { id, type: intent.type, target }, note, tries };
    const { entityId, type, correlationId, attemptId, id: messageId } = intent;
    this.#write(partition, "message", { entityId, type, correlationId, attemptId, messageId, body });
  }

  #step(work: Extract<Work, { kind: "step" }>): void {
    const { item, message: taken } = work;
    const { partition } = item;
    if (work.dedupeKey !== undefined) {
      if (this.seen.has(work.dedupeKey) || this.#loaded.seen(work.dedupeKey)) return this.#repeat(partition, taken);
      this.seen.add(work.dedupeKey);
    }
    const message = this.spans?.begin(taken) ?? taken;
    const before = this.#entity(message.entityId);
    const decision = step(this.#domain, before, message);
    this.spans?.decided(message, decision);
    if (decision.result === "refused" && item.kind === "record") {
      if (work.dedupeKey !== undefined) this.seen.delete(work.dedupeKey);
      const refused = { message_id: message.id, ...stepRecord(message, before, decision) };
      return this.#deadLetter(item, "CORE_ERROR", decision.reason, message, refused);
    }
    if (item.kind === "settled") this.settled.push({ partition, intent: item.intent });
    this.#keep(partition, message.entityId, before, decision.entity);
    const isQuiet = decision.result === "no_op" || decision.result === "renewed";
    if (work.journaled || !isQuiet)
      this.#journalStep(partition, message, before, decision, item.kind === "settled" ? item : undefined);
    this.told.push({ kind: "decision", partition: partition.number, message, decision });
  }

  #entity(id: string): Entity | undefined {
    return this.entities.get(id)?.now ?? this.#loaded.entity(id);
  }

  #keep(partition: Partition, id: string, before: Entity | undefined, now: Entity | undefined): void {
    if (now === undefined || now === before) return;
    const shared = before?.data === now.data ? now : this.#loaded.values.entityOf(now);
    const kept = this.entities.get(id);
    if (kept) kept.now = shared;
    else this.entities.set(id, { partition, before, now: shared });
  }

  #journalStep(
    partition: Partition,
    message: Message,
    before: Entity | undefined,
    decision: Decision,
    ending?: Pick<StepRecord, "note" | "tries">,
  ): void {
    const { entity, events, intents } = decision;
    const payloads = intents.map(({ payload }) => JSON.stringify(payload));
    const body = stepRecord(message, before, decision, { note: ending?.note, tries: ending?.tries, payloads });
    this.#write(partition, "message", { ...aboutOf(message), attemptId: entity?.attempt.id, body });
    for (const event of events) this.#journalEvent(partition, event, message.traceparent);
    const share = this.share(partition);
    intents.forEach((intent, at) =>
      this.intents.push({ partition, seq: share.nextSeq++, intent, payload: payloads[at] ?? "" }),
    );
  }

  #journalEvent(partition: Partition, event: EmittedEvent, traceparent: string | undefined): void {
    const { value, headers } = encodeEvent(this.#domain.name, event, traceparent);
    const entityId = String(event.payload["entity_id"]);
    const { topic, correlationId, attemptId, type, id } = event;
    this.#write(partition, "event", {
      entityId,
      type,
      messageId: id,
      correlationId,
      attemptId,
      outgoing: { topic, partition: partition.number, key: Buffer.from(entityId), value: Buffer.from(value), headers },
      text: { key: entityId, value, traceparent },
    });
  }

  #repeat(partition: Partition, message: Message): void {
    this.#write(partition, "repeat", {
      ...aboutOf(message),
      body: { reason: "taken before", origin: message.origin },
    });
    this.told.push({ kind: "repeat", partition: partition.number, type: message.type });
  }

  /** The copy goes where the entity belongs; the message itself changes nothing and counts as none. */
  #rekey({ partition, record }: RecordItem, message: Message, to: number): void {
    const headers = {
      ...record.headers,
      [REKEYED]: String(record.partition),
      [BROKER_TIME]: String(record.brokerTimeMs),
    };
    const ids = { message_id: message.id, correlation_id: message.correlationId };
    this.#write(partition, "rekeyed", {
      ...aboutOf(message),
      body: { reason: `belongs to partition ${to}`, origin: message.origin },
      outgoing: {
        topic: record.topic,
        partition: to,
        key: Buffer.from(message.entityId),
        value: record.value,
        headers: { ...ids, ...headers },
      },
    });
    this.told.push({ kind: "rekeyed", partition: partition.number, topic: record.topic });
  }

  /** @param refused the step that the core refused: with it the refusal can be replayed */
  #deadLetter(item: RecordItem, code: string, why: string, message?: Message, refused?: object): void {
    const { record, partition } = item;
    const error = spelledOut(why.slice(0, ERROR_LENGTH_MAX));
    const { topic, offset } = record;
    const id = derivedId("dead_letter", topic, record.partition, offset);
    const tooLong = (record.value?.length ?? 0) > VALUE_BYTES_MAX;
    const value = tooLong && record.value ? record.value.subarray(0, VALUE_BYTES_MAX) : record.value;
    const isLabelled = labelBytesOf(record) <= LABEL_BYTES_MAX;
    const truncated =
      tooLong && record.value
        ? {
            dlq_truncated: "true",
            dlq_length: String(record.value.length),
            dlq_sha256: createHash("sha256").update(record.value).digest("hex"),
          }
        : {};
    const about = {
      dlq_topic: topic,
      dlq_partition: String(record.partition),
      dlq_offset: String(offset),
      dlq_error_code: code,
      dlq_error: error,
      dlq_at: toRfc3339(this.atMs),
      ...truncated,
      ...(!isLabelled && { dlq_truncated: "true" }),
    };
    this.deadLetters.push({ id, item, code, error, value, headers: JSON.stringify(textHeaders(record)) });
    this.#write(partition, "dead_letter", {
      ...(message && aboutOf(message)),
      messageId: id,
      body: { code, error, origin: { topic, partition: record.partition, offset }, ...(refused && { refused }) },
      outgoing: {
        topic: this.#domain.deadLetterTopic,
        partition: partition.number,
        value,
        key: isLabelled ? record.key : null,
        headers: { ...(isLabelled && record.headers), ...about },
      },
    });
    this.told.push({ kind: "dead_letter", partition: partition.number, topic, offset, code, error });
  }

  #write(
    partition: Partition,
    kind: JournalRow["kind"],
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
      seq: this.share(partition).nextSeq++,
      kind,
      entityId: row.entityId ?? null,
      type: row.type ?? null,
      messageId: row.messageId ?? null,
      correlationId: row.correlationId ?? null,
      attemptId: row.attemptId || null,
      body: row.body ? JSON.stringify(row.body) : null,
      outgoing: row.outgoing ?? null,
      text: row.text ?? null,
    });
  }
}

const aboutOf = ({ entityId, type, id, correlationId }: Message) => ({ entityId, type, messageId: id, correlationId });
