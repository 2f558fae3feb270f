import { Fault } from "../core/fault.ts";
import type { Message } from "../core/message.ts";
import { publishedMessage } from "../core/runtime-messages.ts";
import { traceparentIn } from "../core/trace.ts";
import type { OutgoingMessage } from "../ports/event-bus.ts";
import { backOffMs, type Failing, failingSince, sleep, type ShellContext } from "./shell-context.ts";
import type { Partition } from "./partitions/partition.ts";

/** What a `published(...)` message says of its event. */
export type EventIdentity = Parameters<typeof publishedMessage>[0];

/** A journal row that is not published yet. */
export interface OutboxEntry {
  readonly partition: Partition;
  readonly seq: number;
  readonly outgoing: OutgoingMessage;
  /** Absent for repartitioned copies and dead letters. */
  readonly event?: EventIdentity | undefined;
}

/** Publishes the journal's outbox in order, one call at a time. A later turn stores how far it was confirmed. */
export class Publisher {
  readonly #context: ShellContext;
  #queue: OutboxEntry[] = [];
  #inFlight = 0;
  #failures = 0;
  #failing: Failing | undefined;

  constructor(context: ShellContext) {
    this.#context = context;
  }

  get size(): number {
    return this.#queue.length + this.#inFlight;
  }

  /** Set while what waits can't be published. */
  get failing(): Failing | undefined {
    return this.#failing;
  }

  add(entries: readonly OutboxEntry[]): void {
    for (const entry of entries) this.#queue.push(entry);
    if (this.#inFlight === 0 && this.#queue.length > 0) void this.#publishQueue();
  }

  async #publishQueue(): Promise<void> {
    const { limits } = this.#context;
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, limits.publishMessagesMax).filter(({ partition }) => !partition.isLost);
      this.#inFlight = batch.length;
      if (batch.length > 0) await this.#publishBatch(batch);
      this.#failing = undefined;
      this.#inFlight = 0;
    }
  }

  /** Repeats until the bus has confirmed it: a journaled event must be published. */
  async #publishBatch(batch: readonly OutboxEntry[]): Promise<void> {
    const { bus, brokerClock, clock, limits, observe, failpoint, tracing } = this.#context;
    // Covers all tries, until the confirmation.
    const span = tracing?.publish(batch.map(({ outgoing }) => outgoing));
    let remaining = batch;
    while (remaining.length > 0) {
      const startedMs = clock.monotonicMs();
      try {
        failpoint("C5");
        const { brokerTimeMs, receivedAtMs } = await bus.publish(
          remaining.map(({ outgoing }) => outgoing),
          { timeoutMs: limits.publishTimeoutMs },
        );
        failpoint("C6");
        if (brokerTimeMs !== undefined) brokerClock.addSample(receivedAtMs, brokerTimeMs);
        this.#failures = 0;
        span?.end();
        observe({ kind: "published", messages: remaining.length, durationMs: clock.monotonicMs() - startedMs });
        this.#confirm(remaining, brokerTimeMs ?? brokerClock.nowMs());
        return;
      } catch (error) {
        if (error instanceof Fault && !error.retryable) {
          span?.end({ error: error.message });
          return this.#publishOneByOne(remaining, error);
        }
        observe({ kind: "unreachable", part: "bus", error: String(error) });
        this.#failing = failingSince(this.#failing, error as Error, clock.monotonicMs());
        await sleep(clock, backOffMs(++this.#failures));
        remaining = remaining.filter(({ partition }) => !partition.isLost);
      }
    }
  }

  /** A message that the bus refuses for good is reported and skipped, so that those behind it are published. */
  async #publishOneByOne(batch: readonly OutboxEntry[], refusal: Fault): Promise<void> {
    const [only] = batch;
    if (batch.length > 1 || !only) {
      for (const entry of batch) await this.#publishBatch([entry]);
      return;
    }
    this.#context.observe({ kind: "unpublishable", topic: only.outgoing.topic, error: String(refusal) });
    this.#confirm(batch, this.#context.brokerClock.nowMs());
  }

  #confirm(batch: readonly OutboxEntry[], brokerTimeMs: number): void {
    const { domain, inbox } = this.#context;
    const byPartition = new Map<Partition, { throughSeq: number; messages: { seq: number; message: Message }[] }>();
    for (const { partition, seq, event, outgoing } of batch) {
      const confirmed = byPartition.get(partition) ?? { throughSeq: 0, messages: [] };
      byPartition.set(partition, confirmed);
      confirmed.throughSeq = Math.max(confirmed.throughSeq, seq);
      if (event && domain.awaitsPublish.has(event.type))
        confirmed.messages.push({
          seq,
          message: publishedMessage(event, brokerTimeMs, traceparentIn(outgoing.headers)),
        });
    }
    for (const [partition, { throughSeq, messages }] of byPartition) {
      if (partition.isLost) continue;
      const item = { kind: "published", partition, throughSeq, messages } as const;
      if (messages.length > 0) inbox.push(item);
      else inbox.pushWaiting(item);
    }
  }
}
