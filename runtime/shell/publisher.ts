import { Fault } from "../core/fault.ts";
import { derivedId } from "../core/ids.ts";
import type { Message } from "../core/message.ts";
import { traceparentIn } from "../core/trace.ts";
import type { OutgoingMessage } from "../ports/event-bus.ts";
import { backOffMs, pause, type ShellParts } from "./shell-context.ts";
import type { Partition } from "./partitions/partition.ts";
import type { Span } from "./tracing.ts";
import type { JournalRow } from "./turns/turn-rows.ts";

/** A journal row that is to be published. */
export interface Unpublished {
  readonly partition: Partition;
  readonly seq: number;
  readonly outgoing: OutgoingMessage;
  /** Of an event; rekeyed copies and dead letters have none. */
  readonly event?: {
    readonly id: string;
    readonly type: string;
    readonly entityId: string;
    readonly attemptId: string;
    readonly correlationId: string;
  };
}

/** Publishes the journal's outbox in order, one call in flight. A confirmed call moves the cursors in a later turn. */
export class Publisher {
  readonly #parts: ShellParts;
  #waiting: Unpublished[] = [];
  #inFlight = 0;
  #failures = 0;

  constructor(parts: ShellParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#waiting.length + this.#inFlight;
  }

  add(entries: readonly Unpublished[]): void {
    this.#waiting.push(...entries);
    if (this.#inFlight === 0 && this.#waiting.length > 0) void this.#run();
  }

  async #run(): Promise<void> {
    const { limits } = this.#parts;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, limits.publishMessagesMax).filter(({ partition }) => !partition.lost);
      this.#inFlight = batch.length;
      if (batch.length > 0) await this.#send(batch);
      this.#inFlight = 0;
    }
  }

  /** Tries until it is confirmed: an event that is journaled has happened. */
  async #send(batch: readonly Unpublished[]): Promise<void> {
    const { bus, brokerClock, clock, limits, observe, failpoint } = this.#parts;
    const span = this.#span(batch);
    let left = batch;
    while (left.length > 0) {
      const startedMs = clock.monotonicMs();
      try {
        failpoint("C5");
        const { brokerTimeMs, receivedAtMs } = await bus.publish(
          left.map(({ outgoing }) => outgoing),
          { timeoutMs: limits.publishTimeoutMs },
        );
        failpoint("C6");
        if (brokerTimeMs !== undefined) brokerClock.sample(receivedAtMs, brokerTimeMs);
        this.#failures = 0;
        span?.end();
        observe({ kind: "published", messages: left.length, durationMs: clock.monotonicMs() - startedMs });
        this.#confirm(left, brokerTimeMs ?? brokerClock.nowMs());
        return;
      } catch (error) {
        if (error instanceof Fault && !error.retryable) {
          span?.end({ error: error.message });
          return this.#sendOneByOne(left, error);
        }
        observe({ kind: "trouble", part: "bus", error: String(error) });
        await pause(clock, backOffMs(++this.#failures));
        left = left.filter(({ partition }) => !partition.lost);
      }
    }
  }

  /** From the first try to the confirmation. */
  #span(batch: readonly Unpublished[]): Span | undefined {
    const { tracing } = this.#parts;
    if (!tracing) return undefined;
    return tracing.publish({
      topics: [...new Set(batch.map(({ outgoing }) => outgoing.topic))],
      messages: batch.length,
      traceparents: batch.map(({ outgoing }) => traceparentIn(outgoing.headers)),
    });
  }

  /** What the bus refuses for good stays in the journal, is said loudly, and holds up nothing behind it. */
  async #sendOneByOne(batch: readonly Unpublished[], refusal: Fault): Promise<void> {
    const [only] = batch;
    if (batch.length > 1 || !only) {
      for (const entry of batch) await this.#send([entry]);
      return;
    }
    this.#parts.observe({ kind: "unpublishable", topic: only.outgoing.topic, error: String(refusal) });
    this.#confirm(batch, this.#parts.brokerClock.nowMs());
  }

  #confirm(batch: readonly Unpublished[], brokerTimeMs: number): void {
    const { domain, inbox } = this.#parts;
    const byPartition = new Map<Partition, { throughSeq: number; messages: Message[] }>();
    for (const { partition, seq, event, outgoing } of batch) {
      const confirmed = byPartition.get(partition) ?? { throughSeq: 0, messages: [] };
      byPartition.set(partition, confirmed);
      confirmed.throughSeq = Math.max(confirmed.throughSeq, seq);
      if (event && domain.awaitsPublish.has(event.type)) {
        const traceparent = traceparentIn(outgoing.headers);
        confirmed.messages.push({
          kind: "published",
          type: `published(${event.type})`,
          id: derivedId("published", event.id),
          entityId: event.entityId,
          correlationId: event.correlationId,
          payload: {},
          now: brokerTimeMs,
          attemptId: event.attemptId,
          ...(traceparent !== undefined && { traceparent }),
        });
      }
    }
    for (const [partition, { throughSeq, messages }] of byPartition)
      if (!partition.lost)
        // A cursor alone can wait for the next turn: at worst the same bytes are published again.
        inbox.push({ kind: "published", partition, throughSeq, messages }, { canWait: messages.length === 0 });
  }
}

/** What a journal row has to say to the bus; nothing once its partition is lost. */
export function unpublishedOf(row: JournalRow): Unpublished[] {
  const { outgoing, partition, seq, kind, messageId, type, entityId, attemptId, correlationId } = row;
  if (!outgoing || partition.lost) return [];
  const event = {
    id: messageId ?? "",
    type: type ?? "",
    entityId: entityId ?? "",
    attemptId: attemptId ?? "",
    correlationId: correlationId ?? "",
  };
  return [kind === "event" ? { partition, seq, outgoing, event } : { partition, seq, outgoing }];
}
