import { repeat, type ShellContext } from "../shell-context.ts";
import type { Partition } from "../partitions/partition.ts";
import type { TriedIntent } from "../turns/inbox.ts";
import type { TurnPlan } from "../turns/turn-plan.ts";
import type { RunningIntent } from "./running-intent.ts";

const LOOK_EVERY_MS = 1_000;
/** Rows at a time: few enough that no turn waits long for them. */
const PARKED_MAX = 1_000;
/** An intent that has waited for so long gets a row. */
const WAITED_MS = 60_000;

/**
 * Gives rows to intents of which a call has failed or was answered "not yet", and to those that have waited for long: a
 * next owner would otherwise read the journal from the oldest of them on, and forget the calls. Rows that were asked
 * for are waited for: what fails meanwhile comes together into the next ones, and no turn writes one row twice.
 */
export class Parking {
  readonly #context: ShellContext;
  readonly #unfinished: () => readonly RunningIntent[];
  readonly #onStored: (running: RunningIntent) => void;
  /** Of which the row is missing, or says less than is known. */
  readonly #outdated = new Set<RunningIntent>();
  /** Of which rows were asked for that no turn has written yet, by intent id. */
  readonly #asked = new Map<string, RunningIntent>();
  /** Of which the store does not take the rows for now, by intent id: they are written later. */
  readonly #refused = new Map<string, RunningIntent>();
  #willAsk = false;

  constructor(
    context: ShellContext,
    unfinished: () => readonly RunningIntent[],
    onStored: (running: RunningIntent) => void,
  ) {
    this.#context = context;
    this.#unfinished = unfinished;
    this.#onStored = onStored;
  }

  start(): void {
    repeat(this.#context, LOOK_EVERY_MS, () => {
      const waitedSinceMs = this.#context.brokerClock.nowMs() - WAITED_MS;
      for (const running of this.#unfinished())
        if (!running.isParked && running.askedAtMs <= waitedSinceMs) this.add(running);
      return Promise.resolve(LOOK_EVERY_MS);
    });
  }

  /** Its row must be written. */
  add(running: RunningIntent): void {
    this.#outdated.add(running);
    this.#askSoon();
  }

  /** A committed turn has written these rows. */
  written(parked: TurnPlan["parked"]): void {
    for (const each of parked) {
      each.partition.park(each);
      const { id } = each.intent;
      const running = this.#asked.get(id) ?? this.#refused.get(id);
      this.#asked.delete(id);
      this.#refused.delete(id);
      if (!running) continue;
      running.storedTries = Math.max(running.storedTries, each.failedTries);
      if (each.isFirstNotYet) running.attempt = each.attempt;
      this.#onStored(running);
    }
    this.#askSoon();
  }

  /** The store does not take these rows for now: they hold no others up. */
  refused(intents: readonly TriedIntent[]): void {
    for (const { intent } of intents) {
      const running = this.#asked.get(intent.id);
      this.#asked.delete(intent.id);
      if (running) this.#refused.set(intent.id, running);
    }
    this.#askSoon();
  }

  dropLost(): void {
    for (const rows of [this.#asked, this.#refused])
      for (const [id, { partition }] of rows) if (partition.isLost) rows.delete(id);
    for (const running of this.#outdated) if (running.partition.isLost) this.#outdated.delete(running);
    this.#askSoon();
  }

  /** Later in the same tick, so that those of one call come together. */
  #askSoon(): void {
    if (this.#willAsk || this.#asked.size > 0 || this.#outdated.size === 0) return;
    this.#willAsk = true;
    queueMicrotask(() => {
      this.#willAsk = false;
      if (this.#asked.size === 0) this.#ask();
    });
  }

  /** They are marked as having a row: whatever ends one comes later in the inbox. */
  #ask(): void {
    const byPartition = new Map<Partition, TriedIntent[]>();
    for (const each of this.#takeOutdated()) {
      const { partition, intent, seq, askedAtMs, failedTries, tries, notYet } = each;
      const isFirstNotYet = notYet !== undefined && !each.hasNotYetLine;
      each.isParked = true;
      each.hasNotYetLine = notYet !== undefined;
      const intents = byPartition.get(partition) ?? [];
      byPartition.set(partition, intents);
      intents.push({ intent, seq, askedAtMs, failedTries, tries, notYet, isFirstNotYet });
      this.#asked.set(intent.id, each);
    }
    for (const [partition, intents] of byPartition) this.#context.inbox.push({ kind: "parked", partition, intents });
  }

  /** Those without a row, oldest first, since they hold up what a next owner reads; then those with an outdated one. */
  #takeOutdated(): readonly RunningIntent[] {
    const due = [...this.#outdated].filter(({ isSettled, partition }) => !isSettled && !partition.isLost);
    due.sort((a, b) => Number(a.isParked) - Number(b.isParked) || a.askedAtMs - b.askedAtMs || a.seq - b.seq);
    this.#outdated.clear();
    for (const each of due.splice(PARKED_MAX)) this.#outdated.add(each);
    return due;
  }
}
