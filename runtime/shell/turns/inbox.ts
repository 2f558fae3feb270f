import type { Intent } from "../../core/intent.ts";
import type { IntentTry } from "../../core/journal.ts";
import type { Message } from "../../core/message.ts";
import type { BusRecord } from "../../ports/event-bus.ts";
import type { DueDeadline } from "../deadlines/deadline-index.ts";
import type { Partition } from "../partitions/partition.ts";

/** What waits for a turn. */
export type InboxItem =
  | { readonly kind: "record"; readonly partition: Partition; readonly record: BusRecord }
  | {
      readonly kind: "deadline";
      readonly partition: Partition;
      readonly message: Message;
      readonly due: DueDeadline;
      /** Monotonic. */
      readonly firedAtMs: number;
    }
  | { readonly kind: "drift"; readonly partition: Partition; readonly message: Message }
  | {
      readonly kind: "settled";
      readonly partition: Partition;
      readonly intent: Intent;
      /** In words, how it ended: done, failed after n tries, superseded. */
      readonly note: string;
      /** Its calls, when the first one was not enough. */
      readonly tries?: readonly IntentTry[];
      /** What the core is told; none when the contract lists no outcome. */
      readonly message?: Message;
    }
  | {
      readonly kind: "published";
      readonly partition: Partition;
      readonly throughSeq: number;
      /** For the events whose arrival on the bus the contract waits for. */
      readonly messages: readonly Message[];
    }
  | {
      readonly kind: "gap";
      readonly partition: Partition;
      readonly topic: string;
      readonly from: number;
      readonly to: number;
    };

/** First in, first out; one reader. A reader may be left asleep by items that can wait. */
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

  /** What waits of a partition is bounded, so it is counted: until `discount`. */
  pushRecord(partition: Partition, record: BusRecord): void {
    partition.waitingMessages++;
    partition.waitingBytes += record.value?.length ?? 0;
    this.push({ kind: "record", partition, record });
  }

  wake(): void {
    this.#hasUrgent = true;
    this.#wake?.();
  }

  /** Resolves when something urgent waits. */
  async untilUrgent(): Promise<void> {
    if (!this.#hasUrgent) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
  }

  take(max: number): InboxItem[] {
    const taken = this.#items.length <= max ? this.#items : this.#items.slice(0, max);
    this.#items = this.#items.length <= max ? [] : this.#items.slice(max);
    this.#hasUrgent = this.#items.length > 0;
    return taken;
  }

  drop(isDropped: (item: InboxItem) => boolean): void {
    this.#items = this.#items.filter((item) => !isDropped(item));
  }
}

/** A record waits no longer. */
export function uncountRecord(item: InboxItem): void {
  if (item.kind !== "record") return;
  item.partition.waitingMessages--;
  item.partition.waitingBytes -= item.record.value?.length ?? 0;
}
