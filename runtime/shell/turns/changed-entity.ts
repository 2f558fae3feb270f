import type { EntityRecord } from "../../stored/entities.ts";
import type { Partition } from "../partitions/partition.ts";

export interface ChangedEntity {
  readonly partition: Partition;
  /** As it was before the turn, and as the turn leaves it. */
  readonly before: EntityRecord | undefined;
  after: EntityRecord;
}
