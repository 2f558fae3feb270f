import type { Intent } from "../../core/intent.ts";
import type { EntityRecord } from "../../stored/entities.ts";
import type { Partition } from "../partitions/partition.ts";
import type { InternedValues } from "./interned-values.ts";

/** The state that a turn starts from: as stored, or as the turn before it, not committed yet, will leave it. */
export interface LoadedState {
  entity(entityId: string): EntityRecord | undefined;
  /** The entity's intents without an outcome, oldest first. */
  openIntents(partition: Partition, entityId: string): readonly Intent[];
  /** Whether a message with this key was processed before. */
  seen(dedupeKey: string): boolean;
  cursorsOf(partition: Partition): Pick<Partition, "nextSeq" | "publishedSeq" | "outgoingSeq" | "pendingSeq">;
  readonly internedValues: InternedValues;
}
