import type { ExpiryHold } from "./operators/holds.ts";
import type { DriftStatus } from "./reconciliation/reconciler.ts";

export interface RuntimeStatus {
  readonly owned: readonly number[];
  readonly partitions: number;
  /** Partitions that were not taken over, with the reason. */
  readonly refused: readonly string[];
  readonly bus: { readonly ok: boolean; readonly reason?: string };
  readonly store: { readonly ok: boolean; readonly reason?: string };
  readonly waiting: number;
  readonly intents: number;
  readonly unpublished: number;
  readonly deadlines: number;
  /** Records in the log that were not taken in yet, over the owned partitions. */
  readonly lag: number;
  /** The same of each owned partition, by its number. */
  readonly lagByPartition: ReadonlyMap<number, number>;
  readonly brokerTimeMs: number;
  /** Holds on expiry that are in force, over all processes; `waiting` entities of this one. */
  readonly holds: readonly (ExpiryHold & { readonly waiting: number })[];
  /** What the last comparison with each backend found, over the owned partitions. */
  readonly drift: readonly DriftStatus[];
}
