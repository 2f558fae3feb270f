import type { Partition } from "../partitions/partition.ts";
import { repeat, type ShellContext } from "../shell-context.ts";
import type { TriedIntent } from "../turns/inbox.ts";
import type { TurnPlan } from "../turns/turn-plan.ts";
import type { RunningIntent } from "./intent-runner.ts";

const PARK_EVERY_MS = 1_000;
/** Rows at a time: few enough that no turn waits long for them. */
const PARKED_MAX = 1_000;
/** An intent that has waited for so long gets a row. */
const WAITED_MS = 60_000;

/**
 * Gives rows to intents of which a call has failed, and to those that have waited for long: a next owner would
 * otherwise read the journal from the oldest of them on, and forget the calls. Rows that were asked for are waited for,
 * so that no turn writes more than those of one time, or one row twice.
 */
export class Parking {
  readonly #context: ShellContext;
  readonly #unfinished: () => readonly RunningIntent[];
  /** Partitions of which rows were asked for that no turn has written yet. */
  readonly #asked = new Set<Partition>();

  constructor(context: ShellContext, unfinished: () => readonly RunningIntent[]) {
    this.#context = context;
    this.#unfinished = unfinished;
  }

  start(): void {
    repeat(this.#context, PARK_EVERY_MS, () => {
      if (this.#asked.size === 0) this.#ask();
      return Promise.resolve(PARK_EVERY_MS);
    });
  }

  /** They are marked as having a row: whatever ends one comes later in the inbox. */
  #ask(): void {
    const { brokerClock, inbox } = this.#context;
    const byPartition = new Map<Partition, TriedIntent[]>();
    for (const each of dueForRows(this.#unfinished(), brokerClock.nowMs())) {
      const { partition, intent, seq, askedAtMs, failedTries, tries } = each;
      each.isParked = true;
      each.isRowOutdated = false;
      const intents = byPartition.get(partition) ?? [];
      byPartition.set(partition, intents);
      intents.push({ intent, seq, askedAtMs, failedTries, tries });
    }
    for (const [partition, intents] of byPartition) {
      this.#asked.add(partition);
      inbox.push({ kind: "parked", partition, intents });
    }
  }

  /** A committed turn has written these rows. */
  written(parked: TurnPlan["parked"]): void {
    for (const each of parked) {
      each.partition.park(each);
      this.#asked.delete(each.partition);
    }
  }

  dropLost(): void {
    for (const partition of this.#asked) if (partition.isLost) this.#asked.delete(partition);
  }
}

/** Those without a row, oldest first, since they hold up what a next owner reads; then those whose row is outdated. */
function dueForRows(unfinished: readonly RunningIntent[], nowMs: number): RunningIntent[] {
  const due = unfinished.filter(
    ({ isParked, isRowOutdated, isSettled, askedAtMs, partition }) =>
      !isSettled && !partition.isLost && (isRowOutdated || (!isParked && nowMs - askedAtMs >= WAITED_MS)),
  );
  due.sort((a, b) => Number(a.isParked) - Number(b.isParked) || a.askedAtMs - b.askedAtMs || a.seq - b.seq);
  return due.slice(0, PARKED_MAX);
}
