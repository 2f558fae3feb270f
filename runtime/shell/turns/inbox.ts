import type { Intent } from "../../core/intent.ts";
import type { IntentTry } from "../../core/journal.ts";
import type { Message } from "../../core/message.ts";
import type { BusRecord } from "../../ports/event-bus.ts";
import type { DueDeadline } from "../deadlines/deadline-index.ts";
import type { StoredIntent } from "../../stored/intents.ts";
import type { Partition } from "../partitions/partition.ts";

/** An intent that has waited for long, or of which a call has failed. */
export type TriedIntent = Omit<StoredIntent, "isParked">;

/** What waits for a turn of its partition. */
export type InboxItem = { readonly partition: Partition } & (
  | { readonly kind: "record"; readonly record: BusRecord }
  | {
      readonly kind: "deadline";
      readonly message: Message;
      readonly due: DueDeadline;
      /** Monotonic ms. */
      readonly firedAtMs: number;
    }
  | { readonly kind: "drift"; readonly message: Message }
  | {
      readonly kind: "settled";
      /** The intent's line. */
      readonly seq: number;
      readonly intent: Intent;
      /** Whether it may have a row of its own. */
      readonly isParked: boolean;
      /** How it ended, for people: done, failed after n tries, superseded. */
      readonly note: string;
      /** Its calls, when the first one failed. */
      readonly tries?: readonly IntentTry[];
      /** Absent when the contract lists no outcome: then no step is taken. */
      readonly message?: Message;
    }
  | {
      readonly kind: "published";
      readonly throughSeq: number;
      /** One for each event for which the contract has a `published(...)`. */
      readonly messages: readonly Message[];
    }
  | { readonly kind: "parked"; readonly intents: readonly TriedIntent[] }
  | { readonly kind: "gap"; readonly topic: string; readonly from: number; readonly to: number }
);

/** First in, first out, with one reader. Items that can wait do not wake the reader. */
export class Inbox {
  #items: InboxItem[] = [];
  #wake: (() => void) | undefined;
  #hasUrgent = false;

  get size(): number {
    return this.#items.length;
  }

  push(item: InboxItem, options: { readonly canWait?: boolean } = {}): void {
    this.#items.push(item);
    if (!options.canWait) this.wake();
  }

  /** Counts the record against its partition's bounds, until `uncountRecord`. */
  pushRecord(partition: Partition, record: BusRecord): void {
    partition.waitingMessages++;
    partition.waitingBytes += record.value?.length ?? 0;
    this.push({ kind: "record", partition, record });
  }

  wake(): void {
    this.#hasUrgent = true;
    this.#wake?.();
  }

  /** Resolves when an item is here that can't wait, or after `wake`. */
  async untilUrgent(): Promise<void> {
    if (!this.#hasUrgent) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
  }

  take(max: number): InboxItem[] {
    const taken = this.#items;
    this.#items = taken.length <= max ? [] : taken.splice(max);
    this.#hasUrgent = this.#items.length > 0;
    return taken;
  }

  drop(isDropped: (item: InboxItem) => boolean): void {
    this.#items = this.#items.filter((item) => !isDropped(item));
  }
}

export function uncountRecord(item: InboxItem): void {
  if (item.kind !== "record") return;
  item.partition.waitingMessages--;
  item.partition.waitingBytes -= item.record.value?.length ?? 0;
}
