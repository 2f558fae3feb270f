import type { Domain } from "../core/domain.ts";
import type { Clock } from "../ports/clock.ts";
import type { EventBus } from "../ports/event-bus.ts";
import type { Store } from "../ports/store.ts";
import type { BrokerClock } from "./deadlines/broker-clock.ts";
import type { Failpoint } from "./failpoint.ts";
import type { Inbox } from "./turns/inbox.ts";
import type { ShellLimits } from "./limits.ts";
import type { Observe } from "./shell-event.ts";
import type { Tracing } from "./tracing.ts";

/** What all classes of a runtime's shell share. */
export interface ShellContext {
  readonly domain: Domain;
  readonly bus: EventBus;
  readonly store: Store;
  readonly clock: Clock;
  /** Names this process in the store; unique for each start. */
  readonly owner: string;
  readonly brokerClock: BrokerClock;
  readonly inbox: Inbox;
  readonly limits: ShellLimits;
  readonly observe: Observe;
  readonly failpoint: Failpoint;
  readonly tracing: Tracing | undefined;
}

/** Waits between tries when the bus or the store fails; the last one repeats. */
const BACK_OFF_MS = [50, 100, 200, 500, 1_000, 2_000] as const;
export const backOffMs = (failures: number): number => BACK_OFF_MS[Math.min(failures, BACK_OFF_MS.length) - 1] ?? 0;

export const sleep = (clock: Clock, delayMs: number): Promise<void> =>
  new Promise((resolve) => clock.after(delayMs, resolve));
