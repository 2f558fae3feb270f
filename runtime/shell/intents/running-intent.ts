import type { IntentTry } from "../../core/journal.ts";
import type { NotYet, OpenIntent, StoredIntent } from "../../stored/intents.ts";
import type { Partition } from "../partitions/partition.ts";
import type { AttemptOfIntent } from "./attempt-of-intent.ts";
import type { EffectQueue } from "./effect-queue.ts";

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
  /** Of `failedTries`: no call follows before all are stored, so that no crash makes them fewer. */
  storedTries: number;
  /** Its outcome is on its way. */
  isSettled: boolean;
  /** Set while it waits for its next call, to another object for each wait. */
  wait: { isOver: boolean } | undefined;
  /** Its effect answers so, until it answers otherwise. */
  notYet: (NotYet & { readonly answers: number }) | undefined;
  /** Whether the journal has the first of these answers, or will have. */
  hasNotYetLine: boolean;
  /** Of a "not yet": whether the attempt that asked for it is over. One that was asked for at its end outlives it. */
  attempt: AttemptOfIntent;
  /** Why an operator has ended it: it ends so when the call under way is over. */
  endedBy: string | undefined;
}

/** One that a turn has asked for, or that the last owner of its partition left. */
export type UnfinishedIntent = OpenIntent & Pick<RunningIntent, "partition"> & Partial<StoredIntent>;

const NO_TRIES: readonly IntentTry[] = [];

/** Field by field, since each intent gets one: fields that come behind a spread cost several times as much. */
export const runningIntent = (open: UnfinishedIntent, queue: EffectQueue<RunningIntent>): RunningIntent => ({
  intent: open.intent,
  partition: open.partition,
  seq: open.seq,
  askedAtMs: open.askedAtMs,
  queue,
  key: queue.spec.backendKey?.(open.intent.payload) ?? queue.spec.backend,
  failedTries: open.failedTries ?? 0,
  tries: open.tries ?? NO_TRIES,
  isParked: open.isParked ?? false,
  storedTries: open.failedTries ?? 0,
  isSettled: false,
  wait: undefined,
  notYet: open.notYet && { sinceMs: open.notYet.sinceMs, note: open.notYet.note, answers: 0 },
  hasNotYetLine: false,
  attempt: "unknown",
  endedBy: undefined,
});
