import type { Decision } from "../../core/decision.ts";
import type { Domain } from "../../core/domain.ts";
import { type Entity, isPurged } from "../../core/entity.ts";
import type { Intent } from "../../core/intent.ts";
import { stepRecord } from "../../core/journal.ts";
import type { Message } from "../../core/message.ts";
import { step } from "../../core/step.ts";
import { utcDayOf } from "../../core/time.ts";
import { LineChunks, type LineLink, type UnplacedLine } from "../../stored/write-lines.ts";
import type { OpenIntent } from "../../stored/intents.ts";
import { type AttemptOfIntent, attemptOfIntent } from "../intents/attempt-of-intent.ts";
import type { Partition } from "../partitions/partition.ts";
import type { ProjectedTurn } from "../projections/projected-turn.ts";
import type { TurnLogs } from "../projections/turn-logs.ts";
import type { OutboxEntry, EventIdentity } from "../publisher.ts";
import type { ShellEvent } from "../shell-event.ts";
import type { ChangedEntity } from "./changed-entity.ts";
import { deadLetterRow, type NewDeadLetterRow } from "./dead-letter.ts";
import type { EntityRecord } from "../../stored/entities.ts";
import { type InboxItem, purgeDeferred, type TriedIntent } from "./inbox.ts";
import type { LoadedState } from "./loaded-state.ts";
import {
  deadLetterLine,
  endLine,
  entityBefore,
  eventLine,
  gapLine,
  intentLine,
  notYetLine,
  type OutgoingLine,
  repartitionedLine,
  repeatLine,
} from "./new-lines.ts";
import type { RecordItem, WorkItem } from "./read-items.ts";
import type { TurnSpans } from "./turn-spans.ts";

export interface SettledIntent {
  readonly partition: Partition;
  readonly seq: number;
  readonly intent: Intent;
  /** Whether it may have a row of its own. */
  readonly isParked: boolean;
}

/** How far a partition has got after the turn. `positions` has only those that the turn changes. */
export interface PartitionCursors extends Pick<Partition, "nextSeq" | "publishedSeq" | "outgoingSeq" | "positions"> {
  readonly partition: Partition;
  /** No intent before this line is open, but for parked ones; at first as before the turn. */
  pendingSeq: number;
}

/**
 * What a turn will write, and what it will cause once it is committed. Nothing outside of the plan changes before that,
 * so a plan can be discarded and made again.
 */
export class TurnPlan {
  readonly cursors = new Map<Partition, PartitionCursors>();
  readonly lines = new Map<Partition, LineChunks>();
  /** What of the lines is to be published, in their order. */
  readonly outbox: OutboxEntry[] = [];
  readonly deadLetters: NewDeadLetterRow[] = [];
  /** The deduplication keys of the messages that the turn processes. */
  readonly seen = new Set<string>();
  readonly intents: (OpenIntent & { readonly partition: Partition })[] = [];
  /** Intents that have ended, whether they succeeded or failed. */
  readonly settled: SettledIntent[] = [];
  readonly parked: (TriedIntent & { readonly partition: Partition; readonly attempt: AttemptOfIntent })[] = [];
  readonly shellEvents: ShellEvent[] = [];
  /** Items that wait for entities which can't be read. */
  held: readonly InboxItem[] = [];
  /** Undefined: it changes nothing in the domain's projections. */
  projected: ProjectedTurn | undefined;
  /** By entity id. */
  readonly entities = new Map<string, ChangedEntity>();
  readonly #domain: Domain;
  readonly #loaded: LoadedState;
  /** Broker time of the turn, ms since the epoch. */
  readonly atMs: number;
  readonly #day: string;
  /** Undefined when no tracer is installed. */
  readonly spans: TurnSpans | undefined;
  /** Undefined where the domain has no logs. */
  readonly logs: TurnLogs | undefined;

  constructor(domain: Domain, loaded: LoadedState, atMs: number, spans?: TurnSpans, logs?: TurnLogs) {
    this.#domain = domain;
    this.#loaded = loaded;
    this.atMs = atMs;
    this.#day = utcDayOf(atMs);
    this.spans = spans;
    this.logs = logs;
  }

  cursorsOf(partition: Partition): PartitionCursors {
    let cursors = this.cursors.get(partition);
    if (!cursors) {
      const { nextSeq, publishedSeq, outgoingSeq, pendingSeq } = this.#loaded.cursorsOf(partition);
      cursors = { partition, positions: new Map(), nextSeq, publishedSeq, outgoingSeq, pendingSeq };
      this.cursors.set(partition, cursors);
    }
    return cursors;
  }

  /** Lines of which nothing is published are passed, so that a takeover does not read them. */
  movePublishedSeqs(): void {
    for (const cursors of this.cursors.values())
      if (cursors.publishedSeq >= cursors.outgoingSeq) cursors.publishedSeq = cursors.nextSeq - 1;
  }

  add(work: WorkItem): void {
    const { item } = work;
    const cursors = this.cursorsOf(item.partition);
    if (item.kind === "record") cursors.positions.set(item.record.topic, item.record.offset + 1);
    if ("doorProblem" in work && work.doorProblem)
      this.shellEvents.push({ kind: "door_rejected", partition: item.partition.number, reason: work.doorProblem });
    if (work.kind === "dead_letter") this.#addDeadLetter(work, work.code, work.error);
    else if (work.kind === "skipped") this.#countSkipped(work.item, work.type);
    else if (work.kind === "repartition") this.#repartition(work.item, work.message, work.to);
    else if (work.kind === "bookkeeping") this.#applyBookkeeping(work);
    else this.#step(work);
  }

  /** For items without a step: how far was published, intents that are parked or ended without outcome, a gap. */
  #applyBookkeeping({ item }: WorkItem): void {
    const { partition } = item;
    if (item.kind === "published") {
      const cursors = this.cursorsOf(partition);
      cursors.publishedSeq = Math.max(cursors.publishedSeq, partition.publishedSeqWith(item));
    }
    if (item.kind === "parked") for (const tried of item.intents) this.#park(partition, tried);
    if (item.kind === "settled") {
      this.settled.push(item);
      this.#append(partition, endLine(item.intent, item));
    }
    if (item.kind === "gap") this.#append(partition, gapLine(item));
  }

  #park(partition: Partition, tried: TriedIntent): void {
    const { intent, notYet, isFirstNotYet } = tried;
    // The store may have refused the row until after the intent's end.
    if (!partition.isOpen(intent)) return;
    const attempt = attemptOfIntent(this.#domain, intent, this.#recordOf(intent.entityId)?.entity);
    this.parked.push({ partition, attempt, ...tried });
    if (notYet && isFirstNotYet) this.#append(partition, notYetLine(intent, notYet.note));
  }

  #step(work: Extract<WorkItem, { kind: "step" }>): void {
    const { item, message: received } = work;
    const { partition } = item;
    if (work.dedupeKey !== undefined) {
      if (this.seen.has(work.dedupeKey) || this.#loaded.seen(work.dedupeKey)) return this.#addRepeat(item, received);
      this.seen.add(work.dedupeKey);
    }
    if (item.kind === "purge" && !this.#isFinished(partition, received.entityId))
      return void this.shellEvents.push(purgeDeferred(item));
    const message = this.spans?.startMessage(received) ?? received;
    const before = this.#recordOf(message.entityId)?.entity;
    const decision = step(this.#domain, before, message);
    this.spans?.recordDecision(message, decision);
    // A dead letter keeps the bytes of a record. A refused message that is no record is journaled like any step.
    if (decision.result === "refused" && item.kind === "record") {
      // Otherwise an operator's retry of the dead letter would count as a duplicate.
      if (work.dedupeKey !== undefined) this.seen.delete(work.dedupeKey);
      return this.#addDeadLetter({ ...work, item }, "CORE_ERROR", decision.reason, message, before, decision);
    }
    if (item.kind === "settled") this.settled.push(item);
    const { result } = decision;
    const isMinor = result === "no_op" || result === "renewed" || result === "declined";
    // Whoever writes to a topic can have messages about nothing declined: they fill no journal.
    const isAboutNothing = result === "declined" && decision.entity === undefined;
    if (isAboutNothing && work.dedupeKey !== undefined) this.seen.delete(work.dedupeKey);
    const isJournaled = (work.isAlwaysJournaled && !isAboutNothing) || !isMinor;
    const end = item.kind === "settled" ? item : undefined;
    if (isJournaled) this.#append(partition, stepRecord(message, before, decision, end));
    this.#setEntity(partition, message, decision, isJournaled);
    this.#journalDecision(partition, message, decision);
    this.logs?.add(partition, message, decision);
    this.shellEvents.push({ kind: "decision", partition: partition.number, message, before, decision });
  }

  /** Whether nothing of the entity is unpublished, and no intent of it is open. */
  #isFinished(partition: Partition, entityId: string): boolean {
    const { publishedSeq, outgoingSeq } = this.cursorsOf(partition);
    const isPublished = Math.min(this.#recordOf(entityId)?.lastLine ?? 0, outgoingSeq) <= publishedSeq;
    const open = [...this.#loaded.openIntents(partition, entityId), ...this.intents.map(({ intent }) => intent)];
    return isPublished && !open.some((intent) => intent.entityId === entityId);
  }

  #recordOf(entityId: string): EntityRecord | undefined {
    return this.entities.get(entityId)?.after ?? this.#loaded.entity(entityId);
  }

  /** The entity after a step, whose own line is written already. */
  #setEntity(partition: Partition, message: Message, { entity, result }: Decision, isJournaled: boolean): void {
    const before = this.#recordOf(message.entityId);
    const isSeen = message.kind === "bus" && (isJournaled || result === "renewed");
    if (entity === undefined || (entity === before?.entity && !isSeen)) return;
    const isShared = before?.entity.data === entity.data || isPurged(entity);
    const interned = isShared ? entity : this.#loaded.internedValues.internEntity(entity);
    const { lastLine = isJournaled ? this.cursorsOf(partition).nextSeq - 1 : 0, lastLineMs = this.atMs } = before ?? {};
    const lastSeenMs = isSeen ? laterOf(before, message) : (before?.lastSeenMs ?? null);
    this.#change(partition, { entity: interned, lastLine, lastLineMs, lastSeenMs });
  }

  #change(partition: Partition, after: EntityRecord): void {
    const { id } = after.entity;
    const changed = this.entities.get(id);
    if (changed) changed.after = after;
    else this.entities.set(id, { partition, before: this.#loaded.entity(id), after });
  }

  #journalDecision(partition: Partition, { entityId, traceparent }: Message, { events, intents }: Decision): void {
    for (const event of events) {
      const { id, type, attemptId, correlationId } = event;
      const { line, outgoing } = eventLine(this.#domain.name, entityId, event, partition.number, traceparent);
      if (outgoing) this.#publish(partition, { line, outgoing }, { id, type, entityId, attemptId, correlationId });
      else this.#append(partition, line);
    }
    for (const intent of intents)
      this.intents.push({ partition, intent, seq: this.#append(partition, intentLine(intent)), askedAtMs: this.atMs });
  }

  #addRepeat({ partition }: InboxItem, message: Message): void {
    this.#append(partition, repeatLine(message));
    const record = this.#recordOf(message.entityId);
    if (record) {
      const { entity, lastLine, lastLineMs } = record;
      this.#change(partition, { entity, lastLine, lastLineMs, lastSeenMs: laterOf(record, message) });
    }
    this.shellEvents.push({ kind: "repeat", partition: partition.number, type: message.type });
  }

  #countSkipped({ partition, record: { topic } }: RecordItem, type: string): void {
    this.shellEvents.push({ kind: "skipped", partition: partition.number, topic, type });
  }

  /** Sends a copy to the entity's partition, where it takes its step. */
  #repartition({ partition, record }: RecordItem, message: Message, to: number): void {
    this.#publish(partition, repartitionedLine(record, message, to));
    this.shellEvents.push({ kind: "repartitioned", partition: partition.number, topic: record.topic });
  }

  /** @param decision of the step in which the domain's code failed, so that the failure can be repeated */
  #addDeadLetter(
    { item, sealed }: Pick<Extract<WorkItem, { kind: "dead_letter" }>, "item" | "sealed">,
    code: string,
    reason: string,
    message?: Message,
    before?: Entity,
    decision?: Decision,
  ): void {
    const { partition, record } = item;
    const row = deadLetterRow(item, code, reason, sealed);
    this.deadLetters.push(row);
    const refused = message && decision && stepRecord(message, before, decision);
    this.#publish(partition, deadLetterLine(this.#domain.deadLetterTopic, row, this.atMs, message, refused));
    const { topic, offset } = record;
    this.shellEvents.push({ kind: "dead_letter", partition: partition.number, topic, offset, code, error: row.error });
  }

  #publish(partition: Partition, { line, outgoing }: OutgoingLine, event?: EventIdentity): void {
    const seq = this.#append(partition, line);
    this.cursorsOf(partition).outgoingSeq = seq;
    this.outbox.push({ partition, seq, outgoing, event });
  }

  /** @returns the line's number */
  #append(partition: Partition, line: UnplacedLine): number {
    const seq = this.cursorsOf(partition).nextSeq++;
    let chunks = this.lines.get(partition);
    if (!chunks) this.lines.set(partition, (chunks = new LineChunks()));
    const record = line.entity_id === undefined ? undefined : this.#recordOf(line.entity_id);
    // A copy lies in another partition than the entity's lines.
    const isLinked = record !== undefined && line.kind !== "repartitioned";
    chunks.add(seq, line, isLinked ? this.#linkTo(partition, record) : undefined);
    if (isLinked) {
      const { entity, lastSeenMs } = record;
      this.#change(partition, { entity, lastLine: seq, lastLineMs: this.atMs, lastSeenMs });
    }
    return seq;
  }

  /** The entity's first line of a day has the entity, so that this day's lines can be read without those before. */
  #linkTo(partition: Partition, { entity, lastLine, lastLineMs }: EntityRecord): LineLink {
    const day = utcDayOf(lastLineMs);
    if (day === this.#day) return { prev: lastLine || undefined };
    const open = this.#loaded.openIntents(partition, entity.id);
    return { prev: lastLine, prev_day: day, before: entityBefore(this.#domain, entity, open) };
  }
}

/** When an entity was last heard of, with this message. A message that was held up is no step back. */
const laterOf = (before: EntityRecord | undefined, { now }: Message): number =>
  Math.max(before?.lastSeenMs ?? now, now);
