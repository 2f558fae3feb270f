import type { EntityView } from "./handler.ts";
import type { NewIntent } from "./intent.ts";
import type { Payload } from "./message.ts";

/** What a backend holds under one key for one entity, with our mark on it. */
export interface InventoryEntry {
  readonly entityId: string;
  /** `entity_seq` of the event that it was written for; 0 where nobody can tell any more. */
  readonly version: number;
  readonly content: Payload;
}

/** How to look at what a backend holds. Entries of others are never among it. */
export type Inventory =
  | {
      /**
       * All of it, as it was after the call began.
       * @throws Fault UNAVAILABLE, retryable: not told, not told whole, or not in the shape expected
       */
      list(signal: AbortSignal): Promise<readonly InventoryEntry[]>;
    }
  | {
      /** What it holds for these entities, as it was after the call began. Throws as `list`. */
      find(entityIds: readonly string[], signal: AbortSignal): Promise<readonly InventoryEntry[]>;
    };

export type DriftKind = "missing" | "altered" | "leftover";

/** One difference, and the intent that does away with it. */
export interface Repair {
  /** `leftover`: the intent deletes. */
  readonly kind: DriftKind;
  /** In words: what differs. */
  readonly description: string;
  readonly intent: NewIntent;
}

/** A backend that is compared now and then with what it should hold. */
export interface ReconciledBackend {
  readonly backend: string;
  readonly inventory: Inventory;
  /**
   * Where the backend differs from what an entity at rest should have there; none for an entity that is under way.
   * Pure and total.
   * @param entity undefined: it is not known
   */
  repairs(entity: EntityView<never> | undefined, entries: readonly InventoryEntry[]): readonly Repair[];
}

/** The payload of `drift(backend)`: what the backend held when it was looked at. */
export interface DriftPayload {
  /** Of the entity that it was compared with; 0 for none. */
  readonly entity_seq: number;
  readonly entries: readonly Pick<InventoryEntry, "version" | "content">[];
  /** Whether leftovers may be deleted. */
  readonly may_delete: boolean;
}
