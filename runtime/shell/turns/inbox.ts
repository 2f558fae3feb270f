import type { Intent } from "../../core/intent.ts";
import type { IntentTry } from "../../core/journal.ts";
import type { Message } from "../../core/message.ts";
import type { Clock } from "../../ports/clock.ts";
import type { BusRecord } from "../../ports/event-bus.ts";
import type { DueDeadline } from "../deadlines/deadline-index.ts";
import type { StoredIntent } from "../../stored/intents.ts";
import type { Partition } from "../partitions/partition.ts";

/** An intent that has waited for long, or of which a call has failed or was answered "not yet". */
export interface TriedIntent extends Omit<StoredIntent, "isParked"> {
  /** Whether that answer is journaled with it. */
  readonly isFirstNotYet: boolean;
}

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
  | { readonly kind: "purge"; readonly message: Message }
  | {
      readonly kind: "settled";
      /** The intent's line. */
      readonly seq: number;
      readonly intent: Intent;
      /** Whether it may have a row of its own. */
      readonly isParked: boolean;
      /** How it ended, for people: done, failed after n tries, superseded. */
      readonly note: string;
      /** The intent that it gave way to. */
      readonly supersededBy?: string | undefined;
      /** Its calls, when the first one failed. */
      readonly tries?: readonly IntentTry[] | undefined;
      /** Absent when the contract lists no outcome: then no step is taken. */
      readonly message?: Message | undefined;
    }
  | {
      readonly kind: "published";
      readonly throughSeq: number;
      /** One for each event for which the contract has a `published(...)`, with the event's line. */
      readonly messages: readonly { readonly seq: number; readonly message: Message }[];
    }
  | { readonly kind: "parked"; readonly intents: readonly TriedIntent[] }
  | { readonly kind: "gap"; readonly topic: string; readonly from: number; readonly to: number }
);

/** So long what can wait is gathered before it comes with the next turn. */
const GATHER_MS = 50;
/** No other turn has come by then: there is one for what has waited. */
const WAIT_MAX_MS = 200;

/** First in, first out, with one reader. */
export class Inbox {
  readonly #clock: Pick<Clock, "after">;
  #items: InboxItem[] = [];
  #gathered: InboxItem[] = [];
  #wake: (() => void) | undefined;
  #hasUrgent = false;

  constructor(clock: Pick<Clock, "after">) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#items.length + this.#gathered.length;
  }

  push(item: InboxItem): void {
    this.#items.push(item);
    this.#wakeReader();
  }

  /** For what nothing waits for: until it is stored, a crash only makes it happen again. */
  pushWaiting(item: InboxItem): void {
    this.#gathered.push(item);
    if (this.#gathered.length > 1) return;
    this.#clock.after(GATHER_MS, () => this.#endGathering());
    this.#clock.after(WAIT_MAX_MS, () => this.wake());
  }

  /** Counts the record against its partition's bounds, until `releaseItem`. */
  pushRecord(partition: Partition, record: BusRecord): void {
    partition.waitingMessages++;
    partition.waitingBytes += record.value?.length ?? 0;
    this.push({ kind: "record", partition, record });
  }

  /** Nothing waits any longer. */
  wake(): void {
    this.#endGathering();
    this.#wakeReader();
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
    this.#gathered = this.#gathered.filter((item) => !isDropped(item));
  }

  #endGathering(): void {
    this.#items.push(...this.#gathered.splice(0));
  }

  #wakeReader(): void {
    this.#hasUrgent = true;
    this.#wake?.();
  }
}

/** It is asked for again at the next scan. */
export const purgeDeferred = ({ partition, message }: Extract<InboxItem, { kind: "purge" }>) =>
  ({ kind: "purge_deferred", partition: partition.number, entityId: message.entityId }) as const;

/** The item waits no more: what its partition counts or names of it goes. */
export function releaseItem(item: InboxItem): void {
  if (item.kind === "purge") item.partition.purging.delete(item.message.entityId);
  if (item.kind !== "record") return;
  item.partition.waitingMessages--;
  item.partition.waitingBytes -= item.record.value?.length ?? 0;
}
