import { backOffMs } from "./back-off.ts";
import { retryAfterMs } from "./json-request.ts";

/** An answer after which the server wants to be left alone for a while. */
class RetryLaterError extends Error {
  readonly waitMs: number;

  constructor(text: string, waitMs: number) {
    super(text);
    this.waitMs = waitMs;
  }
}

/** The error that a failed answer is, with how long the server asks to wait. */
export const failedAnswer = ({ headers }: Response, text: string): Error =>
  new RetryLaterError(text, retryAfterMs(headers.get("retry-after")) ?? 0);

/** How long to wait before the next try: never less than the server asked for, and not all at the same moment. */
export const waitAfterMs = (error: unknown, failures: number): number =>
  (error instanceof RetryLaterError ? error.waitMs : 0) + backOffMs(failures, 100, 5_000);
