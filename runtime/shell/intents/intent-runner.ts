import type { Intent } from "../../core/intent.ts";
import type { IntentTry } from "../../core/journal.ts";
import type { NotYet, StoredIntent } from "../../stored/intents.ts";
import type { ShellContext } from "../shell-context.ts";
import type { TriedIntent } from "../turns/inbox.ts";
import type { TurnPlan } from "../turns/turn-plan.ts";
import { isAttemptOver } from "./attempt-of-intent.ts";
import { AskedAgain } from "./asked-again.ts";
import type { OpenBreaker } from "./breakers.ts";
import { EffectCalls } from "./effect-calls.ts";
import { OutcomeHandling } from "./outcome-handling.ts";
import { Parking } from "./parking.ts";
import { type RunningIntent, runningIntent, type UnfinishedIntent } from "./running-intent.ts";
import { Waits } from "./waits.ts";

type Committed = Pick<TurnPlan, "parked" | "settled" | "intents" | "entities">;
type ChangedEntities = TurnPlan["entities"];
const NO_ENTITIES: ChangedEntities = new Map();

/**
 * Runs intents by calling their effects in batches, with the timeout, retries and circuit breaker of the contract. All
 * effects run in parallel, but intents of one target one after the other: the outcome of an intent becomes an item of a
 * turn, and only when that turn is committed does the next intent of its target begin.
 */
export class IntentRunner {
  readonly #context: ShellContext;
  readonly #calls: EffectCalls;
  readonly #outcomes: OutcomeHandling;
  readonly #waits: Waits;
  /** The unfinished intents of each target. Only the first is called, retried or waits for its turn's commit. */
  readonly #targets = new Map<string, RunningIntent[]>();
  readonly #askedAgain = new AskedAgain();
  readonly #parking: Parking;
  #size = 0;

  constructor(context: ShellContext) {
    this.#context = context;
    this.#waits = new Waits(context.clock, (running) => this.#makeReady(running));
    this.#parking = new Parking(
      context,
      () => this.#unfinished(),
      (running) => this.#onStored(running),
    );
    this.#outcomes = new OutcomeHandling(context, {
      youngerOf: ({ intent }) => this.#targets.get(intent.target)?.[1]?.intent,
      park: (running) => this.#parking.add(running),
      retryAfter: (batch, delayMs) => this.#waits.retryAfter(batch, delayMs),
      askAfter: (running, delayMs, togetherMs) => {
        this.#askedAgain.add(running);
        this.#waits.askAfter(running, delayMs, togetherMs);
      },
    });
    this.#calls = new EffectCalls(context, {
      onOutcome: (running, outcome, tryOf) => this.#outcomes.handle(running, outcome, tryOf),
      onRefused: (batch, resetTimeoutMs) => this.#waits.retryAfter(batch, resetTimeoutMs),
    });
  }

  /** Intents that are not finished. */
  get size(): number {
    return this.#size;
  }

  /** Those of which the effect answers "not yet". */
  get notYetCount(): number {
    return this.#askedAgain.count;
  }

  /** The open circuit breakers that intents wait for, by backend. */
  get openBreakers(): ReadonlyMap<string, OpenBreaker> {
    return this.#calls.openBreakers(
      () => new Set([...this.#targets.values()].flatMap(([running]) => running?.key ?? [])),
    );
  }

  /** Whether an intent of the target is not finished. */
  isPending(target: string): boolean {
    return this.#targets.has(target);
  }

  get callsInFlight(): number {
    return this.#calls.inFlight;
  }

  /** What a committed turn did to intents: rows were written, some have ended, others were decided. */
  startCommitted({ parked, settled, intents, entities }: Committed): void {
    this.#parking.written(parked);
    for (const { partition, intent } of settled) {
      partition.closeIntent(intent);
      this.releaseTarget(intent);
    }
    for (const open of intents) open.partition.journaledIntents.set(open.intent.id, open);
    this.add(intents, entities);
    for (const running of this.#askedAgain.withEndedAttempt(this.#context.domain, entities)) {
      running.attempt = "over";
      if (running.wait) this.#outcomes.end(running, "its attempt is over");
    }
  }

  /** The store has refused the turn with these rows. */
  onRowsRefused(intents: readonly TriedIntent[]): void {
    this.#parking.refused(intents);
  }

  /** Goes on with what the last owner of partitions left. */
  resume(intents: readonly (StoredIntent & Pick<RunningIntent, "partition">)[]): void {
    for (const open of intents) {
      const { parkedIntents, journaledIntents } = open.partition;
      (open.isParked ? parkedIntents : journaledIntents).set(open.intent.id, open);
    }
    this.add(intents);
  }

  /**
   * @param intents in the order in which they were decided; those of lost partitions are left out
   * @param entities that the turn which asked for them has changed
   */
  add(intents: readonly UnfinishedIntent[], entities = NO_ENTITIES): void {
    for (const open of intents) {
      if (open.partition.isLost) continue;
      const running = runningIntent(open, this.#calls.queueOf(open.intent.type));
      const ofTarget = this.#targets.get(open.intent.target);
      this.#size++;
      if (ofTarget) {
        ofTarget.push(running);
        if (ofTarget[0]?.isSettled) this.#context.inbox.wake();
        else this.#giveWay(ofTarget[0], entities);
      } else {
        this.#targets.set(open.intent.target, [running]);
        this.#calls.add(running);
      }
    }
  }

  /** Called when the turn with the intent's outcome is committed: the next intent of its target may begin. */
  releaseTarget(intent: Intent): void {
    this.#context.failpoint("C10");
    const queue = this.#targets.get(intent.target);
    const index = queue?.findIndex(({ intent: { id } }) => id === intent.id) ?? -1;
    if (!queue || index < 0) return;
    const [ended] = queue.splice(index, 1);
    this.#size--;
    if (ended) this.#askedAgain.delete(ended);
    const next = queue[0];
    if (!next) this.#targets.delete(intent.target);
    else if (index === 0 && !next.isSettled) this.#makeReady(next);
  }

  /** Lets the entity's intents that wait for their next call run now. @returns how many waited */
  retryNow(entityId: string): number {
    let count = 0;
    for (const [running] of this.#targets.values()) {
      if (!running?.wait || running.wait.isOver || running.intent.entityId !== entityId) continue;
      this.#waits.end(running);
      count++;
    }
    return count;
  }

  /**
   * Ends an unfinished intent without an outcome; one that is being called, when the call is over.
   * @param takeOutcome takes an outcome back that the store has refused
   * @param why for people; it is journaled
   * @returns undefined when the intent is not known here, or its outcome is being stored
   */
  end(intentId: string, takeOutcome: (intentId: string) => boolean, why: string): Intent | undefined {
    const running = this.#unfinished().find(({ intent }) => intent.id === intentId);
    if (!running || (running.isSettled && !takeOutcome(intentId))) return undefined;
    const isCalled = this.#targets.get(running.intent.target)?.[0] === running && !running.wait;
    if (isCalled && !running.isSettled) running.endedBy = why;
    else this.#outcomes.end(running, why);
    return running.intent;
  }

  startParking(): void {
    this.#parking.start();
  }

  /** The failed calls of an entity's unfinished intents, by intent id. */
  triesOf(entityId: string): ReadonlyMap<string, readonly IntentTry[]> {
    const all = this.#unfinished().filter(({ intent }) => intent.entityId === entityId);
    return new Map(all.map(({ intent, tries }) => [intent.id, tries]));
  }

  /** What an entity's intents wait for whose effects answer "not yet", by intent id. */
  notYetOf(entityId: string): ReadonlyMap<string, NotYet> {
    return this.#askedAgain.answersOf(entityId);
  }

  /** Forgets the intents of lost partitions; outcomes of their running calls are ignored. */
  dropLost(): void {
    for (const [target, queue] of this.#targets) {
      const kept = queue.filter(({ partition }) => !partition.isLost);
      this.#size -= queue.length - kept.length;
      if (kept.length === 0) this.#targets.delete(target);
      else this.#targets.set(target, kept);
    }
    this.#calls.dropLost();
    this.#parking.dropLost();
    this.#askedAgain.dropLost();
  }

  #unfinished(): readonly RunningIntent[] {
    return [...this.#targets.values()].flat();
  }

  /**
   * A younger intent of the target is there: one that waits gives way when it is asked again, or when the outcome of a
   * further try would not count, because its attempt is over.
   */
  #giveWay(first: RunningIntent | undefined, entities: ChangedEntities): void {
    if (!first?.wait || first.isSettled) return;
    const entity = entities.get(first.intent.entityId)?.after.entity;
    if (first.notYet || (entity && isAttemptOver(this.#context.domain, first.intent, entity)))
      this.#outcomes.supersede(first);
  }

  #onStored(running: RunningIntent): void {
    if (running.notYet && running.attempt === "over" && running.wait)
      this.#outcomes.end(running, "its attempt is over");
    else this.#waits.onStored(running);
  }

  #makeReady(running: RunningIntent): void {
    running.wait = undefined;
    if (!running.partition.isLost) this.#calls.add(running);
  }
}
