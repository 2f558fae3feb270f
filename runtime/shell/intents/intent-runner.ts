import type { EffectSpec } from "../../core/domain.ts";
import type { Outcome } from "../../core/effect.ts";
import { derivedId } from "../../core/ids.ts";
import type { Intent } from "../../core/intent.ts";
import type { IntentTry } from "../../core/journal.ts";
import type { Message } from "../../core/message.ts";
import { oneTrace } from "../../core/trace.ts";
import { Breaker } from "./circuit-breaker.ts";
import { callEffect } from "./effect-call.ts";
import type { ShellParts } from "../shell-context.ts";
import type { Partition } from "../partitions/partition.ts";
import type { Span } from "../tracing.ts";
import { callOf, withTry } from "./tries.ts";

/** An intent on its way. */
interface Running {
  readonly intent: Intent;
  readonly partition: Partition;
  readonly spec: EffectSpec;
  failed: number;
  tries: readonly IntentTry[];
  /** Set while it waits for its next try; each wait is one of its own. */
  wait?: object | undefined;
}
interface Lane {
  readonly spec: EffectSpec;
  ready: Running[];
  calls: number;
}

/**
 * Carries intents out: grouped per effect, all effects in parallel, intents of one target one at a time, each with its
 * contract's timeout, retry and breaker. What became of an intent is an item of a later turn, and only when that turn
 * is committed does the next intent of its target begin.
 */
export class IntentRunner {
  readonly #parts: ShellParts;
  readonly #lanes = new Map<string, Lane>();
  readonly #targets = new Map<string, Running[]>();
  readonly #breakers = new Map<string, Breaker>();
  #size = 0;
  #calls = 0;
  #stopped = false;
  #willDispatch = false;

  constructor(parts: ShellParts) {
    this.#parts = parts;
  }

  /** Intents that are not finished, waiting ones included. */
  get size(): number {
    return this.#size;
  }

  /** Whether an intent of the target is not finished. */
  isPending(target: string): boolean {
    return this.#targets.has(target);
  }

  /** Calls of effects under way. */
  get calls(): number {
    return this.#calls;
  }

  /** In the order of their turn. */
  add(partition: Partition, intents: readonly Intent[]): void {
    for (const intent of intents) {
      const spec = this.#parts.domain.effects.get(intent.type);
      if (!spec) throw new Error(`no effect takes ${intent.type}`);
      const running = { intent, partition, spec, failed: 0, tries: [] };
      const queue = this.#targets.get(intent.target);
      this.#size++;
      if (queue) queue.push(running);
      else {
        this.#targets.set(intent.target, [running]);
        this.#lane(spec).ready.push(running);
      }
    }
    this.#dispatchSoon();
  }

  /** The turn that took the outcome in is committed: the next intent of the target may begin. */
  release(intent: Intent): void {
    this.#parts.failpoint("C10");
    const queue = this.#targets.get(intent.target);
    if (queue?.[0]?.intent.id !== intent.id) return;
    queue.shift();
    this.#size--;
    const next = queue[0];
    if (!next) this.#targets.delete(intent.target);
    else this.#makeReady(next);
  }

  /** Ends the waits of an entity's intents for their next try. @returns how many waited */
  hurry(entityId: string): number {
    let hurried = 0;
    for (const [running] of this.#targets.values()) {
      if (running?.wait === undefined || running.intent.entityId !== entityId) continue;
      this.#makeReady(running);
      hurried++;
    }
    return hurried;
  }

  /** The failed calls of an entity's intents that are not finished, by intent. */
  triesOf(entityId: string): ReadonlyMap<string, readonly IntentTry[]> {
    const all = [...this.#targets.values()].flat().filter(({ intent }) => intent.entityId === entityId);
    return new Map(all.map(({ intent, tries }) => [intent.id, tries]));
  }

  /** Begins no call any more; what is not finished is resumed by the partitions' next owner. */
  stop(): void {
    this.#stopped = true;
  }

  /** Forgets what belongs to lost partitions; calls under way end unheard. */
  dropLost(): void {
    for (const [target, queue] of this.#targets) {
      const kept = queue.filter(({ partition }) => !partition.lost);
      this.#size -= queue.length - kept.length;
      if (kept.length === 0) this.#targets.delete(target);
      else this.#targets.set(target, kept);
    }
    for (const lane of this.#lanes.values()) lane.ready = lane.ready.filter(({ partition }) => !partition.lost);
  }

  #lane(spec: EffectSpec): Lane {
    let lane = this.#lanes.get(spec.intentType);
    if (!lane) this.#lanes.set(spec.intentType, (lane = { spec, ready: [], calls: 0 }));
    return lane;
  }

  #makeReady(running: Running): void {
    running.wait = undefined;
    if (running.partition.lost) return;
    const lane = this.#lane(running.spec);
    lane.ready.push(running);
    this.#dispatchSoon();
  }

  /** Once for all that becomes ready in one go, so that it leaves in full batches. */
  #dispatchSoon(): void {
    if (this.#willDispatch) return;
    this.#willDispatch = true;
    queueMicrotask(() => {
      this.#willDispatch = false;
      for (const lane of this.#lanes.values()) this.#dispatch(lane);
    });
  }

  #dispatch(lane: Lane): void {
    while (!this.#stopped && lane.ready.length > 0 && lane.calls < lane.spec.concurrency) {
      const batch = lane.ready.splice(0, lane.spec.batchMax);
      lane.calls++;
      this.#calls++;
      void this.#call(lane, batch).finally(() => {
        lane.calls--;
        this.#calls--;
        this.#dispatch(lane);
      });
    }
  }

  async #call(lane: Lane, batch: readonly Running[]): Promise<void> {
    this.#parts.failpoint("C8");
    const breaker = this.#breaker(lane.spec);
    if (!breaker.admits()) return this.#later(batch, lane.spec.breaker.resetTimeoutMs);
    const intents = batch.map(({ intent }) => intent);
    const traceparents = intents.map(({ traceparent }) => traceparent);
    const { intentType, backend } = lane.spec;
    const span = this.#parts.tracing?.effect({ intentType, backend, intents: intents.length, traceparents });
    const began = { at: this.#parts.brokerClock.nowMs(), ms: this.#parts.clock.monotonicMs() };
    // A batch of several traces hands none of them on: its work would be told as one node's. A span has links for that.
    const outcomes = await callEffect(
      this.#parts.clock,
      lane.spec,
      intents,
      span?.traceparent ?? oneTrace(traceparents),
    );
    if (span) endOf(span, outcomes);
    // Of a batch of which nothing was done its backend is at fault.
    if (outcomes.every((outcome) => !outcome.done && outcome.fault.retryable)) breaker.failed();
    else breaker.succeeded();
    this.#parts.failpoint("C9");
    const tryOf = callOf(began.at, this.#parts.clock.monotonicMs() - began.ms);
    outcomes.forEach((outcome, index) => {
      const running = batch[index];
      if (!running || running.partition.lost) return;
      if (!outcome.done || running.failed > 0) running.tries = withTry(running.tries, tryOf(outcome));
      this.#settle(running, outcome);
    });
  }

  #settle(running: Running, outcome: Outcome): void {
    const { spec } = running;
    if (outcome.done) {
      this.#tell(running, "done");
      const { event } = outcome;
      const message =
        event && spec.outputEvents.includes(event.type) ? this.#outcome(running, event.type, event.payload) : undefined;
      return this.#finish(running, `done${running.failed > 0 ? ` after ${running.failed} failed tries` : ""}`, message);
    }
    const { fault } = outcome;
    const { maxRetries, maxDelayMs, retryOn } = spec.retry;
    const permanent = retryOn ? !retryOn.has(fault.code) : !fault.retryable;
    running.failed++;
    if (maxRetries === "unlimited") {
      if ((this.#targets.get(running.intent.target)?.length ?? 0) > 1) {
        this.#tell(running, "gave_way", fault.code);
        return this.#finish(
          running,
          `gave way to a younger intent after ${running.failed} failed tries: ${fault.message}`,
        );
      }
    } else if (permanent || running.failed > maxRetries) {
      this.#tell(running, "failed", fault.code);
      const payload = { backend: spec.backend, error_code: fault.code, message: fault.message.slice(0, 1_000) };
      const message = this.#outcome(running, `failed(${spec.intentType})`, payload);
      const why = permanent ? "refused for good" : `given up after ${running.failed} tries`;
      return this.#finish(running, `${why}: ${fault.code} ${fault.message}`, message);
    }
    this.#tell(running, "retried", fault.code);
    this.#later([running], permanent ? maxDelayMs : this.#delayMs(running));
  }

  #delayMs({ failed, spec: { retry } }: Running): number {
    const plain = Math.min(retry.maxDelayMs, retry.initialDelayMs * retry.exponentialBase ** (failed - 1));
    return plain * (1 + retry.jitter * (2 * this.#parts.clock.random() - 1));
  }

  #later(batch: readonly Running[], delayMs: number): void {
    const wait = {};
    for (const running of batch) running.wait = wait;
    this.#parts.clock.after(delayMs, () => {
      for (const running of batch) if (running.wait === wait) this.#makeReady(running);
    });
  }

  #outcome({ intent }: Running, type: string, payload: Message["payload"]): Message {
    return {
      kind: "outcome",
      type,
      id: derivedId("outcome", intent.id),
      entityId: intent.entityId,
      correlationId: intent.correlationId,
      payload,
      now: this.#parts.brokerClock.nowMs(),
      attemptId: intent.attemptId,
      intentId: intent.id,
      ...(intent.traceparent !== undefined && { traceparent: intent.traceparent }),
    };
  }

  #finish({ intent, partition, tries }: Running, note: string, message?: Message): void {
    this.#parts.inbox.push({
      ...{ kind: "settled", partition, intent, note },
      ...(tries.length > 0 && { tries }),
      ...(message && { message }),
    });
  }

  #tell({ spec }: Running, result: "done" | "retried" | "failed" | "gave_way", code?: string): void {
    const { intentType: type, backend } = spec;
    this.#parts.observe({ kind: "intent", type, backend, result, ...(code !== undefined && { code }) });
  }

  /** One for each backend. */
  #breaker({ backend, breaker: limits }: EffectSpec): Breaker {
    const known = this.#breakers.get(backend);
    if (known) return known;
    const breaker = new Breaker(this.#parts.clock, limits, (open) =>
      this.#parts.observe({ kind: "breaker", backend, open }),
    );
    this.#breakers.set(backend, breaker);
    return breaker;
  }
}

/** Of a batch that was not done whole the first fault tells why. */
function endOf(span: Span, outcomes: readonly Outcome[]): void {
  const failed = outcomes.flatMap((outcome) => (outcome.done ? [] : [outcome.fault]));
  const attributes = { "rollcall.intents.failed": failed.length };
  span.end({ attributes, ...(failed[0] && { error: `${failed[0].code} ${failed[0].message}` }) });
}
