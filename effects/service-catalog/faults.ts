import { Fault } from "../../runtime/core/fault.ts";

/** What the outcomes of the three Consul effects may carry. */
export const CONSUL_FAULTS = ["CONSUL_REFUSED", "UNAVAILABLE"] as const;

/** Trouble of Consul, of the way to it, or of what it lets us do: no word about the intent, so try again later. */
export const backendUnavailable = (message: string, cause?: unknown): Fault =>
  new Fault("UNAVAILABLE", message, { retryable: true, cause });

/** Consul will never take this intent as it is. */
export const consulRefused = (message: string): Fault => new Fault("CONSUL_REFUSED", message, { retryable: false });

/** Whatever was thrown, as a fault: a stranger is trouble, never a refusal. */
export const toFault = (error: unknown): Fault =>
  error instanceof Fault ? error : backendUnavailable(error instanceof Error ? error.message : String(error), error);
