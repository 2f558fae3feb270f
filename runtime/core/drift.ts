import type { EntityView } from "./handler.ts";
import type { NewIntent } from "./intent.ts";
import type { Payload } from "./message.ts";

/** What a backend holds under one key for one entity, with this domain's owner mark on it. */
export interface InventoryEntry {
  readonly entityId: string;
  /** `entity_seq` of the event that it was written for; 0 when that is not known any more. */
  readonly version: number;
  readonly content: Payload;
}

/** How to read what a backend holds. Entries of other owners are never part of it. */
export type Inventory =
  | {
      /**
       * All entries, not older than the begin of the call.
       * @throws Fault UNAVAILABLE, retryable: no answer, an incomplete one, or one of another shape than expected
       */
      list(signal: AbortSignal): Promise<readonly InventoryEntry[]>;
    }
  | {
      /** The entries of these entities, not older than the begin of the call. Throws as `list`. */
      find(entityIds: readonly string[], signal: AbortSignal): Promise<readonly InventoryEntry[]>;
    };

export type DriftKind = "missing" | "altered" | "leftover";

/** One difference, and the intent that removes it. */
export interface Repair {
  /** The intent of a `leftover` deletes. */
  readonly kind: DriftKind;
  /** What differs, for people. */
  readonly description: string;
  readonly intent: NewIntent;
}

/** A backend that is compared, from time to time, with what it should hold. */
export interface ReconciledBackend {
  readonly backend: string;
  readonly inventory: Inventory;
  /**
   * Where the backend differs from what an entity should have there; none while the entity is changing.
   * Pure and total.
   * @param entity undefined: no such entity is known
   */
  repairs(entity: EntityView<never> | undefined, entries: readonly InventoryEntry[]): readonly Repair[];
}

/** The payload of `drift(backend)`: what the backend held when it was compared. */
export type DriftPayload = {
  /** `seq` of the entity that it was compared with; 0 when the entity is not known. */
  readonly entity_seq: number;
  readonly entries: readonly Pick<InventoryEntry, "version" | "content">[];
  /** Whether repairs may delete leftovers. */
  readonly may_delete: boolean;
};
