/**
 * What a caller could not rule out: trouble of a bus, a store or a backend, or data that was refused. Expected outcomes
 * are events, programmer errors are plain exceptions. Every code has a row in docs/reference/errors.md.
 */
export class Fault extends Error {
  readonly code: string;
  /** Whether the same call may succeed later without a change of its arguments. */
  readonly retryable: boolean;

  constructor(code: string, message: string, options: { readonly retryable: boolean; readonly cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "Fault";
    this.code = code;
    this.retryable = options.retryable;
  }
}
