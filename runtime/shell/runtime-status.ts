import type { ExpiryHold } from "./operators/holds.ts";
import type { DriftStatus } from "./reconciliation/reconciler.ts";

export interface RuntimeStatus {
  readonly owned: readonly number[];
  readonly partitions: number;
  /** Why partitions were not taken over, one text for each. */
  readonly refused: readonly string[];
  readonly bus: { readonly ok: boolean; readonly reason?: string };
  readonly store: { readonly ok: boolean; readonly reason?: string };
  readonly waiting: number;
  readonly intents: number;
  readonly unpublished: number;
  readonly deadlines: number;
  /** Records in the log that were not taken yet, over the owned partitions. */
  readonly lag: number;
  /** The same for each owned partition, by its number. */
  readonly lagByPartition: ReadonlyMap<number, number>;
  readonly brokerTimeMs: number;
  /** Holds on expiry that are in force, over all processes; `waiting` counts this process's entities. */
  readonly holds: readonly (ExpiryHold & { readonly waiting: number })[];
  /** The last comparison with each backend, over the owned partitions. */
  readonly drift: readonly DriftStatus[];
}
