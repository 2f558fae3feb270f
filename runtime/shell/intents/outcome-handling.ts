import type { Outcome } from "../../core/effect.ts";
import type { Fault } from "../../core/fault.ts";
import type { Intent } from "../../core/intent.ts";
import type { IntentTry } from "../../core/journal.ts";
import type { NewEvent } from "../../core/message.ts";
import { intentFailure, outcomeMessage } from "../../core/runtime-messages.ts";
import type { ShellContext } from "../shell-context.ts";
import type { ShellEvent } from "../shell-event.ts";
import { afterFailure, appendTry, isPermanent } from "./effect-call.ts";
import type { RunningIntent } from "./running-intent.ts";
import type { Waits } from "./waits.ts";

const NOTE_LENGTH_MAX = 300;

interface OutcomeHooks extends Pick<Waits, "retryAfter" | "askAfter"> {
  /** The next intent of the same target, which waits. */
  youngerOf(running: RunningIntent): Intent | undefined;
  /** Its row must be written. */
  park(running: RunningIntent): void;
}

/** What the outcome of a call means for its intent: it ends with an item of a turn, or is called again later. */
export class OutcomeHandling {
  readonly #context: ShellContext;
  readonly #hooks: OutcomeHooks;

  constructor(context: ShellContext, hooks: OutcomeHooks) {
    this.#context = context;
    this.#hooks = hooks;
  }

  handle(running: RunningIntent, outcome: Outcome, tryOf: (outcome: Outcome) => IntentTry): void {
    if (outcome.notYet !== undefined) return this.#handleNotYet(running, outcome.notYet);
    if (!outcome.done || running.failedTries > 0) running.tries = appendTry(running.tries, tryOf(outcome));
    if (outcome.done) this.#handleDone(running, outcome.event);
    else this.#handleFault(running, outcome.fault);
    running.notYet = undefined;
  }

  /** It gives way to a newer intent of its target. */
  supersede(running: RunningIntent): void {
    this.#observeResult(running, "superseded_intent");
    const younger = this.#hooks.youngerOf(running);
    this.#enqueueSettled(running, `superseded by a newer intent${lastAnswerOf(running)}`, undefined, younger);
  }

  /** @param why for people */
  end(running: RunningIntent, why: string): void {
    this.#enqueueSettled(running, `${why}${lastAnswerOf(running)}`);
  }

  #handleDone(running: RunningIntent, event: NewEvent | undefined): void {
    const { failedTries, queue } = running;
    const note = failedTries > 0 ? `done after ${failedTries} failed tries` : "done";
    const isListed = event !== undefined && queue.spec.outputEvents.includes(event.type);
    this.#observeResult(running, "done");
    this.#enqueueSettled(running, note + lastAnswerOf(running), isListed ? event : undefined);
  }

  #handleFault(running: RunningIntent, fault: Fault): void {
    const { intent, queue } = running;
    const { backend, retry } = queue.spec;
    const permanent = isPermanent(retry.retryOn, fault);
    const younger = this.#hooks.youngerOf(running);
    const result = afterFailure(retry, fault, ++running.failedTries, younger !== undefined);
    this.#observeResult(running, result, fault);
    const { failedTries } = running;
    if (result === "superseded_intent") {
      const note = `superseded by a newer intent after ${failedTries} failed tries: ${fault.message}`;
      return this.#enqueueSettled(running, note, undefined, younger);
    }
    if (result === "failed") {
      const why = permanent ? "refused for good" : `given up after ${failedTries} tries`;
      const failure = intentFailure(intent, backend, fault);
      return this.#enqueueSettled(running, `${why}: ${fault.code} ${fault.message}`, failure);
    }
    if (running.endedBy !== undefined) return this.end(running, running.endedBy);
    running.hasNotYetLine = false;
    this.#hooks.retryAfter([running], permanent ? retry.maxDelayMs : this.#delayMs(running));
    this.#hooks.park(running);
  }

  #handleNotYet(running: RunningIntent, text: string): void {
    const { firstMs, maxMs } = running.queue.spec.askAgain;
    const { sinceMs = this.#context.brokerClock.nowMs(), answers = 0 } = running.notYet ?? {};
    running.notYet = { sinceMs, answers: answers + 1, note: String(text).slice(0, NOTE_LENGTH_MAX) };
    if (running.endedBy !== undefined) return this.end(running, running.endedBy);
    if (this.#hooks.youngerOf(running)) return this.supersede(running);
    if (running.attempt === "over") return this.end(running, "its attempt is over");
    this.#observeResult(running, "not_yet");
    this.#hooks.askAfter(running, Math.min(maxMs, firstMs * 2 ** answers), firstMs);
    if (!running.hasNotYetLine) this.#hooks.park(running);
  }

  #delayMs({ failedTries, queue }: RunningIntent): number {
    const { retry } = queue.spec;
    const plain = Math.min(retry.maxDelayMs, retry.initialDelayMs * retry.exponentialBase ** (failedTries - 1));
    return plain * (1 + retry.jitter * (2 * this.#context.clock.random() - 1));
  }

  #enqueueSettled(running: RunningIntent, note: string, outcome?: NewEvent, younger?: Intent): void {
    const { inbox, brokerClock } = this.#context;
    const { intent, partition, seq, tries, isParked } = running;
    running.isSettled = true;
    running.wait = undefined;
    const message = outcome && outcomeMessage(intent, outcome, brokerClock.nowMs());
    const failed = tries.length > 0 ? tries : undefined;
    const supersededBy = younger?.id;
    const ends = {
      kind: "settled",
      partition,
      seq,
      intent,
      note,
      supersededBy,
      isParked,
      tries: failed,
      message,
    } as const;
    if (message || this.#hooks.youngerOf(running)) inbox.push(ends);
    else inbox.pushWaiting(ends);
  }

  #observeResult(
    { queue, intent }: RunningIntent,
    result: Extract<ShellEvent, { kind: "intent" }>["result"],
    fault?: Fault,
  ): void {
    const { intentType: type, backend } = queue.spec;
    this.#context.observe({
      kind: "intent",
      type,
      backend,
      result,
      entity: intent.entityId,
      code: fault?.code,
      error: fault?.message,
    });
  }
}

/** The journal keeps the first "not yet" and this one. */
const lastAnswerOf = ({ notYet }: RunningIntent): string =>
  notYet && notYet.answers > 0 ? `, after ${notYet.answers} answers "not yet", the last: ${notYet.note}` : "";
