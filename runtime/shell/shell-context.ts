import type { Domain } from "../core/domain.ts";
import type { Clock } from "../ports/clock.ts";
import type { EventBus } from "../ports/event-bus.ts";
import type { Sql, Store } from "../ports/store.ts";
import type { DoorKeys } from "./door-keys.ts";
import type { BrokerClock } from "./deadlines/broker-clock.ts";
import type { Failpoint } from "./failpoint.ts";
import type { ShellLimits } from "./limits.ts";
import type { Partition } from "./partitions/partition.ts";
import type { BoundsShare } from "./partitions/shared-bounds.ts";
import type { Observe } from "./shell-event.ts";
import type { Tracing } from "./tracing.ts";
import type { HeldItems } from "./turns/held-items.ts";
import type { Inbox } from "./turns/inbox.ts";

/** What all parts of a runtime's shell share. */
export interface ShellContext {
  readonly domain: Domain;
  readonly bus: EventBus;
  readonly store: Store;
  readonly clock: Clock;
  /** Names this process in the store; unique for each start. */
  readonly owner: string;
  readonly limits: ShellLimits;
  /** The domain's part of the limits that the domains of the process share. */
  readonly bounds: BoundsShare;
  readonly observe: Observe;
  readonly failpoint: Failpoint;
  /** Called in each takeover's transaction with its partitions locked: a rejection undoes the takeover. */
  readonly confirmTakeover: (tx: Sql) => Promise<void>;
  readonly tracing: Tracing | undefined;
  readonly doorKeys: DoorKeys;
  readonly brokerClock: BrokerClock;
  readonly inbox: Inbox;
  readonly held: HeldItems;
  /** The partitions that this process owns, by their numbers. */
  readonly owned: Map<number, Partition>;
  /** Over all processes; 0 until the topics are prepared. */
  partitionCount: number;
  /** Aborted when the runtime stops: nothing new begins. */
  readonly stopping: AbortSignal;
  /** A defect: the runtime can't go on. The process should report the error and exit. */
  readonly onFatal: (error: unknown) => void;
  /** Another process owns these partitions, by the store's epochs. */
  readonly onPartitionsLost: (partitions: readonly Partition[]) => void;
}

/** That all tries have failed since a time, in monotonic ms. */
export interface Failing {
  readonly sinceMs: number;
  readonly reason: string;
}
export const failingSince = (before: Failing | undefined, { message }: Error, nowMs: number): Failing => ({
  sinceMs: before?.sinceMs ?? nowMs,
  reason: message,
});

/** Waits between tries when the bus or the store fails; the last one repeats. */
const BACK_OFF_MS = [50, 100, 200, 500, 1_000, 2_000] as const;
export const backOffMs = (failures: number): number => BACK_OFF_MS[Math.min(failures, BACK_OFF_MS.length) - 1] ?? 0;

export const sleep = (clock: Clock, delayMs: number): Promise<void> =>
  new Promise((resolve) => clock.after(delayMs, resolve));

/**
 * Does work again and again until the runtime stops.
 * @param work returns the delay to the next time; a rejection is fatal
 */
export function repeat(
  { clock, stopping, onFatal }: Pick<ShellContext, "clock" | "stopping" | "onFatal">,
  firstDelayMs: number,
  work: () => Promise<number>,
): void {
  let cancel = (): void => {};
  const runAfter = (delayMs: number): void => {
    if (!stopping.aborted) cancel = clock.after(delayMs, () => void work().then(runAfter, onFatal));
  };
  runAfter(firstDelayMs);
  stopping.addEventListener("abort", () => cancel());
}
