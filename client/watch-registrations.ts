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

/** Waiting for a reader that is slower than what happens. */
const WAITING_MAX = 10_000;

/**
 * What happens to nodes from now on, for dashboards: `for await (const event of watchRegistrations(transport))`. Ends with
 * the loop or the signal. An event may come twice: dedupe by `id`.
 * @throws Fault READER_TOO_SLOW, retryable: 10,000 events waited
 */
export async function* watchRegistrations<Type extends RegistrationEventType = RegistrationEventType>(
  transport: Transport,
  { types = REGISTRATION_EVENT_TYPES as readonly Type[], nodeId, signal }: WatchOptions<Type> = {},
): AsyncGenerator<RegistrationEvent<Type>, void, undefined> {
  const waiting: RegistrationEvent[] = [];
  let wake = (): void => {};
  const unsubscribe = await transport.watch({ types, ...(nodeId !== undefined && { nodeId }) }, (event) => {
    // One more than fits says that some were left out.
    if (waiting.length <= WAITING_MAX) waiting.push(event);
    wake();
  });
  const aborted = (): void => wake();
  signal?.addEventListener("abort", aborted);
  try {
    while (!signal?.aborted) {
      const event = waiting.shift();
      if (event) yield event as RegistrationEvent<Type>;
      else await new Promise<void>((resolve) => (wake = resolve));
      if (waiting.length > WAITING_MAX)
        throw new Fault("READER_TOO_SLOW", `${WAITING_MAX} events waited to be read`, { retryable: true });
    }
  } finally {
    signal?.removeEventListener("abort", aborted);
    unsubscribe();
  }
}
