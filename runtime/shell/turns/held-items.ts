import type { Clock } from "../../ports/clock.ts";
import type { BrokerClock } from "../deadlines/broker-clock.ts";
import type { Inbox, InboxItem } from "./inbox.ts";
import { UnreadableEntities } from "./unreadable-entities.ts";

const FIRST_RETRY_MS = 1_000;
const RETRY_MAX_MS = 60_000;

/**
 * Why an item waits. `refused`: the store refuses its turn, although it takes others; it is tried again after a time.
 * `unreadable`: the stored data of its entity can't be read; it is tried again once it can.
 */
type HoldReason = { readonly kind: "refused"; readonly error: string } | { readonly kind: "unreadable" };

interface Hold {
  reason: HoldReason;
  /** Broker time, ms since the epoch. */
  readonly sinceMs: number;
  times: number;
  /** Otherwise it is being tried. */
  isWaiting: boolean;
}

/** What an item is about. */
interface Subject {
  /** Null: it is about no entity. */
  readonly entityId: string | null;
  /** The message's, such as `deadline(ack)`; of an intent without one: the intent's. */
  readonly type: string;
  /** Whose outcome or row it is. */
  readonly intentId: string | null;
}

/** What waits because the store refuses its turn. */
export interface RefusedTurn extends Subject {
  readonly partition: number;
  /** The store's words. */
  readonly error: string;
  /** Broker time, ms since the epoch. */
  readonly sinceMs: number;
  readonly times: number;
}

/**
 * Deadlines, outcomes and the like that no turn can take now. They come from nobody who could send them again, so each
 * is kept aside and tried again, while everything else goes on. After a crash each comes anew: its deadline is armed,
 * its intent open, its event not known to be published, since the partition's cursor stays before that event.
 */
export class HeldItems {
  /** What items wait for, and what takes no step meanwhile. */
  readonly unreadable = new UnreadableEntities();
  readonly #context: { readonly clock: Clock; readonly brokerClock: BrokerClock; readonly inbox: Inbox };
  readonly #holds = new Map<InboxItem, Hold>();

  constructor(context: { readonly clock: Clock; readonly brokerClock: BrokerClock; readonly inbox: Inbox }) {
    this.#context = context;
  }

  get refusedTurns(): readonly RefusedTurn[] {
    return [...this.#holds].flatMap(([item, { reason, sinceMs, times }]) =>
      reason.kind === "refused"
        ? [{ partition: item.partition.number, ...subjectOf(item), error: reason.error, sinceMs, times }]
        : [],
    );
  }

  has(item: InboxItem): boolean {
    return this.#holds.has(item);
  }

  /** @param item of a turn that is over; about one thing, as `dividedItems` has them */
  hold(item: InboxItem, reason: HoldReason): void {
    const { brokerClock, clock } = this.#context;
    const hold = this.#holds.get(item) ?? { reason, sinceMs: brokerClock.nowMs(), times: 0, isWaiting: true };
    this.#holds.set(item, Object.assign(hold, { reason, isWaiting: true }));
    if (item.kind === "published") for (const { seq } of item.messages) item.partition.heldEvents.add(seq);
    if (reason.kind === "unreadable") return this.#retryWhenReadable(item, hold);
    clock.after(Math.min(RETRY_MAX_MS, FIRST_RETRY_MS * 2 ** hold.times++), () => {
      if (this.#holds.get(item) === hold) this.#retry(item, hold);
    });
  }

  /** Entities can be read again: what has waited for them goes on. */
  retryReadable(): void {
    for (const [item, hold] of this.#holds)
      if (hold.reason.kind === "unreadable" && hold.isWaiting) this.#retryWhenReadable(item, hold);
  }

  #retryWhenReadable(item: InboxItem, hold: Hold): void {
    if (!this.unreadable.has(subjectOf(item).entityId ?? "")) this.#retry(item, hold);
  }

  #retry(item: InboxItem, hold: Hold): void {
    if (item.partition.isLost) return;
    hold.isWaiting = false;
    this.#context.inbox.push(item);
  }

  /** It was committed, or comes anew by another way. */
  forget(item: InboxItem): void {
    if (item.kind === "published") for (const { seq } of item.messages) item.partition.heldEvents.delete(seq);
    this.#holds.delete(item);
  }

  /** Takes a refused outcome of an intent back, unless it is being tried. @returns whether it was here */
  takeOutcome(intentId: string): boolean {
    for (const [item, { reason, isWaiting }] of this.#holds)
      if (item.kind === "settled" && item.intent.id === intentId && reason.kind === "refused" && isWaiting)
        return this.#holds.delete(item);
    return false;
  }

  dropLost(): void {
    for (const item of this.#holds.keys()) if (item.partition.isLost) this.#holds.delete(item);
    this.unreadable.dropLost();
  }
}

export function subjectOf(item: InboxItem): Subject {
  const intent = item.kind === "settled" ? item.intent : item.kind === "parked" ? item.intents[0]?.intent : undefined;
  const message = item.kind === "published" ? item.messages[0]?.message : "message" in item ? item.message : undefined;
  return {
    entityId: message?.entityId ?? intent?.entityId ?? null,
    type: message?.type ?? intent?.type ?? item.kind,
    intentId: intent?.id ?? null,
  };
}

/** An item that is about several things as one item for each; one that is not as it is. */
export function dividedItems(item: InboxItem): readonly InboxItem[] {
  const { partition } = item;
  if (item.kind === "parked") return item.intents.map((intent) => ({ kind: "parked", partition, intents: [intent] }));
  if (item.kind !== "published" || item.messages.length === 0) return [item];
  const { throughSeq, messages } = item;
  const single = messages.map((each): InboxItem => ({ ...item, throughSeq: each.seq, messages: [each] }));
  return messages.length === 1 && single[0] && messages[0]?.seq === throughSeq
    ? [item]
    : [...single, { ...item, messages: [] }];
}
