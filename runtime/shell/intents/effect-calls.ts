import type { EffectSpec } from "../../core/domain.ts";
import type { Outcome } from "../../core/effect.ts";
import type { IntentTry } from "../../core/journal.ts";
import { sharedTraceparent } from "../../core/trace.ts";
import type { ShellContext } from "../shell-context.ts";
import type { Span } from "../tracing.ts";
import { Breakers, type OpenBreaker } from "./breakers.ts";
import type { CircuitBreaker } from "./circuit-breaker.ts";
import { callEffect, tryRecorder } from "./effect-call.ts";
import { EffectQueue } from "./effect-queue.ts";
import type { RunningIntent } from "./running-intent.ts";

interface CallHooks {
  /** @param tryOf the record of the call */
  onOutcome(running: RunningIntent, outcome: Outcome, tryOf: (outcome: Outcome) => IntentTry): void;
  /** The breaker of their backend is open: there was no call. */
  onRefused(batch: readonly RunningIntent[], resetTimeoutMs: number): void;
}

/** Calls the effects for the intents that are ready: in batches, all effects in parallel, through the breakers. */
export class EffectCalls {
  readonly #context: ShellContext;
  readonly #hooks: CallHooks;
  /** By intent type. */
  readonly #queues: ReadonlyMap<string, EffectQueue<RunningIntent>>;
  readonly #breakers: Breakers;
  #isDispatchQueued = false;

  constructor(context: ShellContext, hooks: CallHooks) {
    this.#context = context;
    this.#hooks = hooks;
    const { domain, clock, observe } = context;
    const effects = [...domain.effects.values()];
    this.#queues = new Map(effects.map((spec) => [spec.intentType, new EffectQueue(spec)]));
    this.#breakers = new Breakers(clock, observe, effects);
  }

  get inFlight(): number {
    return [...this.#queues.values()].reduce((sum, { callsInFlight }) => sum + callsInFlight, 0);
  }

  /** @param waitingKeys those that intents wait for */
  openBreakers(waitingKeys: () => ReadonlySet<string>): ReadonlyMap<string, OpenBreaker> {
    return this.#breakers.open(waitingKeys);
  }

  queueOf(intentType: string): EffectQueue<RunningIntent> {
    const queue = this.#queues.get(intentType);
    if (!queue) throw new Error(`no effect takes ${intentType}`);
    return queue;
  }

  /** It may be called now. */
  add(running: RunningIntent): void {
    running.queue.push(running.key, running);
    this.#dispatchSoon();
  }

  dropLost(): void {
    for (const queue of this.#queues.values()) queue.drop(({ partition }) => partition.isLost);
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
    const wasClosed = !breaker.isOpen;
    if (!breaker.allowsCall()) return this.#hooks.onRefused(batch, spec.breaker.resetTimeoutMs);
    const intents = batch.map(({ intent }) => intent);
    const span = tracing?.effect(spec, intents);
    const beganAtMs = brokerClock.nowMs();
    const beganMs = clock.monotonicMs();
    // A batch of several traces can't belong to one of them: its span links to all, and without a tracer it has none.
    const traceparent = span?.traceparent ?? sharedTraceparent(intents.map((intent) => intent.traceparent));
    const outcomes = await callEffect(clock, spec, intents, traceparent);
    if (span) endSpan(span, outcomes);
    recordCall(breaker, outcomes, wasClosed);
    failpoint("C9");
    const tryOf = tryRecorder(beganAtMs, clock.monotonicMs() - beganMs);
    outcomes.forEach((outcome, index) => {
      const running = batch[index];
      if (running && !running.partition.isLost) this.#hooks.onOutcome(running, outcome, tryOf);
    });
  }
}

/** Only when no intent of a batch succeeded, the backend itself is considered failed. "Not yet" moves nothing. */
function recordCall(breaker: CircuitBreaker, outcomes: readonly Outcome[], wasClosed: boolean): void {
  const told = outcomes.filter(({ notYet }) => notYet === undefined);
  const [first] = told;
  if (!first) {
    if (!wasClosed) breaker.recordNothing();
  } else if (told.every(({ fault }) => fault?.retryable)) breaker.recordFailure(first.fault?.message);
  else breaker.recordSuccess();
}

/** The span's error is the first of the batch's faults. */
function endSpan(span: Span, outcomes: readonly Outcome[]): void {
  const failed = outcomes.flatMap(({ fault }) => fault ?? []);
  const attributes = { "rollcall.intents.failed": failed.length };
  span.end({ attributes, ...(failed[0] && { error: `${failed[0].code} ${failed[0].message}` }) });
}
