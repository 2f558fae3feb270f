import { Fault } from "../../runtime/core/fault.ts";

/** Codes of the faults that the three Consul effects return. */
export const CONSUL_FAULTS = ["CONSUL_REFUSED", "UNAVAILABLE"] as const;

/** Consul, the connection or our permissions failed. It says nothing about the intent, which is tried again. */
export const backendUnavailable = (message: string, cause?: unknown): Fault =>
  new Fault("UNAVAILABLE", message, { retryable: true, cause });

/** The catalogue will never accept this intent. */
export const serviceRefused = (message: string): Fault => new Fault("CONSUL_REFUSED", message, { retryable: false });

/** An unknown error as a fault: UNAVAILABLE, so that the intent is tried again. */
export const toFault = (error: unknown): Fault =>
  error instanceof Fault ? error : backendUnavailable(error instanceof Error ? error.message : String(error), error);
