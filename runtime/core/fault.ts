/**
 * A failure that the caller could not rule out: the bus, the store or a backend has failed, or has refused the data.
 * Expected outcomes are events instead, programmer errors plain exceptions. docs/reference/errors.md has all codes.
 */
export class Fault extends Error {
  readonly code: string;
  /** Whether the same call with the same arguments may succeed later. */
  readonly retryable: boolean;

  constructor(code: string, message: string, options: { readonly retryable: boolean; readonly cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "Fault";
    this.code = code;
    this.retryable = options.retryable;
  }
}
