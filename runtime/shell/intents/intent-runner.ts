import type { EffectSpec } from "../../core/domain.ts";
import type { Outcome } from "../../core/effect.ts";
import type { Fault } from "../../core/fault.ts";
import type { Intent } from "../../core/intent.ts";
import type { IntentTry } from "../../core/journal.ts";
import type { NewEvent } from "../../core/message.ts";
import { intentFailure, outcomeMessage } from "../../core/runtime-messages.ts";
import { sharedTraceparent } from "../../core/trace.ts";
import type { OpenIntent, StoredIntent } from "../../stored/intents.ts";
import type { Partition } from "../partitions/partition.ts";
import type { ShellContext } from "../shell-context.ts";
import type { ShellEvent } from "../shell-event.ts";
import type { Span } from "../tracing.ts";
import type { TurnPlan } from "../turns/turn-plan.ts";
import { Breakers, type OpenBreaker } from "./breakers.ts";
import type { CircuitBreaker } from "./circuit-breaker.ts";
import { afterFailure, appendTry, callEffect, isPermanent, tryRecorder } from "./effect-call.ts";
import { EffectQueue } from "./effect-queue.ts";
import { Parking } from "./parking.ts";

/** An intent that is not finished. */
export interface RunningIntent extends OpenIntent {
  readonly partition: Partition;
  readonly queue: EffectQueue<RunningIntent>;
  /** Of its backend, filled from its payload. */
  readonly key: string;
  failedTries: number;
  tries: readonly IntentTry[];
  /** Whether it has a row of its own, or will have. */
  isParked: boolean;
  /** Whether that row must be written: calls have failed since. */
  isRowOutdated: boolean;
  /** Its outcome is on its way. */
  isSettled: boolean;
  /** Set while it waits for its next try, to another object for each wait. */
  wait?: object | undefined;
}

/**
 * Runs intents by calling their effects in batches, with the timeout, retries and circuit breaker of the contract. All
 * effects run in parallel, but intents of one target one after the other: the outcome of an intent becomes an item of a
 * turn, and only when that turn is committed does the next intent of its target begin.
 */
export class IntentRunner {
  readonly #context: ShellContext;
  /** By intent type. */
  readonly #queues: ReadonlyMap<string, EffectQueue<RunningIntent>>;
  readonly #breakers: Breakers;
  /** The unfinished intents of each target. Only the first is called, retried or waits for its turn's commit. */
  readonly #targets = new Map<string, RunningIntent[]>();
  readonly #parking: Parking;
  #size = 0;
  #isDispatchQueued = false;

  constructor(context: ShellContext) {
    this.#context = context;
    const { domain, clock, observe } = context;
    const effects = [...domain.effects.values()];
    this.#queues = new Map(effects.map((spec) => [spec.intentType, new EffectQueue(spec)]));
    this.#breakers = new Breakers(clock, observe, effects);
    this.#parking = new Parking(context, () => [...this.#targets.values()].flat());
  }

  /** Intents that are not finished. */
  get size(): number {
    return this.#size;
  }

  /** The open circuit breakers that intents wait for, by backend. */
  get openBreakers(): ReadonlyMap<string, OpenBreaker> {
    return this.#breakers.open(() => new Set([...this.#targets.values()].flatMap(([running]) => running?.key ?? [])));
  }

  /** Whether an intent of the target is not finished. */
  isPending(target: string): boolean {
    return this.#targets.has(target);
  }

  get callsInFlight(): number {
    return [...this.#queues.values()].reduce((sum, { callsInFlight }) => sum + callsInFlight, 0);
  }

  /** What a committed turn did to intents: rows were written, some have ended, others were decided. */
  startCommitted({ parked, settled, intents }: Pick<TurnPlan, "parked" | "settled" | "intents">): void {
    this.#parking.written(parked);
    for (const { partition, intent } of settled) {
      partition.closeIntent(intent);
      this.releaseTarget(intent);
    }
    for (const open of intents) open.partition.journaledIntents.set(open.intent.id, open);
    this.add(intents);
  }

  /** Goes on with what the last owner of partitions left. */
  resume(intents: readonly (StoredIntent & Pick<RunningIntent, "partition">)[]): void {
    for (const { partition, isParked, ...open } of intents)
      (isParked ? partition.parkedIntents : partition.journaledIntents).set(open.intent.id, open);
    this.add(intents);
  }

  /** @param intents in the order in which they were decided; those of lost partitions are left out */
  add(intents: readonly (OpenIntent & Pick<RunningIntent, "partition"> & Partial<StoredIntent>)[]): void {
    for (const { partition, intent, seq, askedAtMs, isParked = false, failedTries = 0, tries = [] } of intents) {
      if (partition.isLost) continue;
      const queue = this.#queues.get(intent.type);
      if (!queue) throw new Error(`no effect takes ${intent.type}`);
      const key = queue.spec.backendKey?.(intent.payload) ?? queue.spec.backend;
      const running: RunningIntent = {
        ...{ intent, partition, seq, askedAtMs, queue, key, failedTries, tries, isParked },
        ...{ isRowOutdated: false, isSettled: false },
      };
      const ofTarget = this.#targets.get(intent.target);
      this.#size++;
      if (ofTarget) ofTarget.push(running);
      else {
        this.#targets.set(intent.target, [running]);
        queue.push(key, running);
      }
    }
    this.#dispatchSoon();
  }

  /** Called when the turn with the intent's outcome is committed: the next intent of its target may begin. */
  releaseTarget(intent: Intent): void {
    this.#context.failpoint("C10");
    const queue = this.#targets.get(intent.target);
    if (queue?.[0]?.intent.id !== intent.id) return;
    queue.shift();
    this.#size--;
    const next = queue[0];
    if (!next) this.#targets.delete(intent.target);
    else this.#makeReady(next);
  }

  /** Lets the entity's intents that wait for their next try run now. @returns how many waited */
  retryNow(entityId: string): number {
    let count = 0;
    for (const [running] of this.#targets.values()) {
      if (running?.wait === undefined || running.intent.entityId !== entityId) continue;
      this.#makeReady(running);
      count++;
    }
    return count;
  }

  startParking(): void {
    this.#parking.start();
  }

  /** The failed calls of an entity's unfinished intents, by intent id. */
  triesOf(entityId: string): ReadonlyMap<string, readonly IntentTry[]> {
    const all = [...this.#targets.values()].flat().filter(({ intent }) => intent.entityId === entityId);
    return new Map(all.map(({ intent, tries }) => [intent.id, tries]));
  }

  /** Forgets the intents of lost partitions; outcomes of their running calls are ignored. */
  dropLost(): void {
    for (const [target, queue] of this.#targets) {
      const kept = queue.filter(({ partition }) => !partition.isLost);
      this.#size -= queue.length - kept.length;
      if (kept.length === 0) this.#targets.delete(target);
      else this.#targets.set(target, kept);
    }
    for (const queue of this.#queues.values()) queue.drop(({ partition }) => partition.isLost);
    this.#parking.dropLost();
  }

  #makeReady(running: RunningIntent): void {
    running.wait = undefined;
    if (running.partition.isLost) return;
    running.queue.push(running.key, running);
    this.#dispatchSoon();
  }

  /** Later in the same tick, so that intents which become ready together are called in full batches. */
  #dispatchSoon(): void {
    if (this.#isDispatchQueued) return;
    this.#isDispatchQueued = true;
    queueMicrotask(() => {
      this.#isDispatchQueued = false;
      for (const queue of this.#queues.values()) this.#dispatch(queue);
    });
  }

  /** Begins no more calls when the runtime stops: the partitions' next owner resumes what is not finished. */
  #dispatch(queue: EffectQueue<RunningIntent>): void {
    while (!this.#context.stopping.aborted) {
      const next = queue.take();
      if (!next) return;
      void this.#call(queue.spec, this.#breakers.of(queue.spec, next.key), next.batch).finally(() => {
        queue.finish(next.key);
        this.#dispatch(queue);
      });
    }
  }

  async #call(spec: EffectSpec, breaker: CircuitBreaker, batch: readonly RunningIntent[]): Promise<void> {
    const { brokerClock, clock, failpoint, tracing } = this.#context;
    failpoint("C8");
    if (!breaker.allowsCall()) return this.#scheduleRetry(batch, spec.breaker.resetTimeoutMs);
    const intents = batch.map(({ intent }) => intent);
    const span = tracing?.effect(spec, intents);
    const beganAtMs = brokerClock.nowMs();
    const beganMs = clock.monotonicMs();
    // A batch of several traces can't belong to one of them: its span links to all, and without a tracer it has none.
    const traceparent = span?.traceparent ?? sharedTraceparent(intents.map((intent) => intent.traceparent));
    const outcomes = await callEffect(clock, spec, intents, traceparent);
    if (span) endSpan(span, outcomes);
    // Only when no intent of a batch succeeded, the backend itself is considered failed.
    if (outcomes.every((outcome) => !outcome.done && outcome.fault.retryable))
      breaker.recordFailure(outcomes.flatMap((outcome) => (outcome.done ? [] : outcome.fault.message))[0]);
    else breaker.recordSuccess();
    failpoint("C9");
    const tryOf = tryRecorder(beganAtMs, clock.monotonicMs() - beganMs);
    outcomes.forEach((outcome, index) => {
      const running = batch[index];
      if (!running || running.partition.isLost) return;
      if (!outcome.done || running.failedTries > 0) running.tries = appendTry(running.tries, tryOf(outcome));
      this.#handleOutcome(running, outcome);
    });
  }

  #handleOutcome(running: RunningIntent, outcome: Outcome): void {
    const { intent, queue } = running;
    const { backend, outputEvents, retry } = queue.spec;
    if (outcome.done) {
      const { event } = outcome;
      const note = running.failedTries > 0 ? `done after ${running.failedTries} failed tries` : "done";
      const isListed = event !== undefined && outputEvents.includes(event.type);
      this.#observeResult(running, "done");
      return this.#enqueueSettled(running, note, isListed ? event : undefined);
    }
    const { fault } = outcome;
    const permanent = isPermanent(retry.retryOn, fault);
    const hasYounger = (this.#targets.get(intent.target)?.length ?? 0) > 1;
    const result = afterFailure(retry, fault, ++running.failedTries, hasYounger);
    this.#observeResult(running, result, fault);
    const { failedTries } = running;
    running.isRowOutdated = true;
    if (result === "superseded_intent") {
      const note = `superseded by a newer intent after ${failedTries} failed tries: ${fault.message}`;
      return this.#enqueueSettled(running, note);
    }
    if (result === "failed") {
      const why = permanent ? "refused for good" : `given up after ${failedTries} tries`;
      const failure = intentFailure(intent, backend, fault);
      return this.#enqueueSettled(running, `${why}: ${fault.code} ${fault.message}`, failure);
    }
    this.#scheduleRetry([running], permanent ? retry.maxDelayMs : this.#delayMs(running));
  }

  #delayMs({ failedTries, queue }: RunningIntent): number {
    const { retry } = queue.spec;
    const plain = Math.min(retry.maxDelayMs, retry.initialDelayMs * retry.exponentialBase ** (failedTries - 1));
    return plain * (1 + retry.jitter * (2 * this.#context.clock.random() - 1));
  }

  #scheduleRetry(batch: readonly RunningIntent[], delayMs: number): void {
    const wait = {};
    for (const running of batch) running.wait = wait;
    this.#context.clock.after(delayMs, () => {
      for (const running of batch) if (running.wait === wait) this.#makeReady(running);
    });
  }

  #enqueueSettled(running: RunningIntent, note: string, outcome?: NewEvent): void {
    const { inbox, brokerClock } = this.#context;
    const { intent, partition, seq, tries, isParked } = running;
    running.isSettled = true;
    inbox.push({
      kind: "settled",
      ...{ partition, seq, intent, note, isParked },
      ...(tries.length > 0 && { tries }),
      ...(outcome && { message: outcomeMessage(intent, outcome, brokerClock.nowMs()) }),
    });
  }

  #observeResult(
    { queue, intent }: RunningIntent,
    result: Extract<ShellEvent, { kind: "intent" }>["result"],
    fault?: Fault,
  ): void {
    const { intentType: type, backend } = queue.spec;
    const error = fault && { code: fault.code, error: fault.message };
    this.#context.observe({ kind: "intent", type, backend, result, entity: intent.entityId, ...error });
  }
}

/** The span's error is the first of the batch's faults. */
function endSpan(span: Span, outcomes: readonly Outcome[]): void {
  const failed = outcomes.flatMap((outcome) => (outcome.done ? [] : [outcome.fault]));
  const attributes = { "rollcall.intents.failed": failed.length };
  span.end({ attributes, ...(failed[0] && { error: `${failed[0].code} ${failed[0].message}` }) });
}
