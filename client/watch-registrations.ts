import { Fault } from "../runtime/core/fault.ts";
import { REGISTRATION_EVENT_TYPES, type RegistrationEvent, type RegistrationEventType } from "./events.ts";
import type { Transport } from "./transport.ts";

export interface WatchOptions<Type extends RegistrationEventType> {
  /** Default: all of them. */
  readonly types?: readonly Type[];
  /** Default: all nodes. */
  readonly nodeId?: string;
  readonly signal?: AbortSignal;
}

/** Limit of events that wait for a slow reader. */
const WAITING_MAX = 10_000;

/**
 * The events of nodes that are published after the promise resolved, for dashboards:
 * `for await (const event of await watchRegistrations(transport))`. Ends with the loop or the signal. An event may
 * arrive twice: dedupe by `id`. Iterating throws Fault READER_TOO_SLOW, retryable, when 10,000 events waited.
 */
export async function watchRegistrations<Type extends RegistrationEventType = RegistrationEventType>(
  transport: Transport,
  { types = REGISTRATION_EVENT_TYPES as readonly Type[], nodeId, signal }: WatchOptions<Type> = {},
): Promise<AsyncIterableIterator<RegistrationEvent<Type>>> {
  const waiting: RegistrationEvent[] = [];
  let isDone = false;
  let wake = (): void => {};
  const unsubscribe = await transport.watch({ types, ...(nodeId !== undefined && { nodeId }) }, (event) => {
    // One more than the limit marks that later events were dropped.
    if (waiting.length <= WAITING_MAX) waiting.push(event);
    wake();
  });
  const end = (): void => {
    isDone = true;
    signal?.removeEventListener("abort", end);
    unsubscribe();
    wake();
  };
  if (signal?.aborted) end();
  else signal?.addEventListener("abort", end);

  const events: AsyncIterableIterator<RegistrationEvent<Type>> = {
    async next() {
      while (!isDone && waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      if (isDone) return { done: true, value: undefined };
      if (waiting.length > WAITING_MAX) {
        end();
        throw new Fault("READER_TOO_SLOW", `${WAITING_MAX} events waited to be read`, { retryable: true });
      }
      return { done: false, value: waiting.shift() as RegistrationEvent<Type> };
    },
    return() {
      end();
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]: () => events,
  };
  return events;
}
