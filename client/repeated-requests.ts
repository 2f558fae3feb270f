import { Fault } from "../runtime/core/fault.ts";
import { backOffMs, pause } from "./back-off.ts";
import type { HttpAccess } from "./http-access.ts";
import { type JsonAnswer, type JsonRequest, requestJson } from "./json-request.ts";

const WORTH_REPEATING = new Set([408, 429, 500, 502, 503, 504]);

export interface RepeatedRequest extends Pick<JsonRequest, "method" | "path" | "body" | "headers" | "bytesMax"> {
  /** Statuses of answers that are given to the caller. */
  readonly expected: readonly number[];
  readonly signal?: AbortSignal | undefined;
}

/** Requests to one server that may be sent again: each is, while the server does not ask to wait. */
export class RepeatedRequests {
  readonly #access: HttpAccess;
  readonly #timeoutMs: number;
  readonly #tries: number;
  /** The server has asked not to be asked before, ms since the epoch. */
  #notBeforeMs = 0;

  /** @param options `timeoutMs` is for one request with its repeats, `tries` how often it is sent at most */
  constructor(access: HttpAccess, options: { readonly timeoutMs: number; readonly tries: number }) {
    this.#access = access;
    this.#timeoutMs = options.timeoutMs;
    this.#tries = options.tries;
  }

  /** @throws Fault SERVER_UNAVAILABLE, retryable; SERVER_REFUSED, not retryable: a status that is not expected */
  async send(request: RepeatedRequest): Promise<JsonAnswer> {
    const deadlineMs = Date.now() + this.#timeoutMs;
    for (let tries = 1; ; tries++) {
      if (Date.now() < this.#notBeforeMs)
        throw unavailable(
          request,
          `the server wants to be asked at ${new Date(this.#notBeforeMs).toISOString()} again`,
        );
      const answer = await this.#try(request, Math.max(1, deadlineMs - Date.now()));
      if ("status" in answer) return answer;
      const waitMs = Math.max(backOffMs(tries, 100, 2_000), this.#notBeforeMs - Date.now());
      const isOver = request.signal?.aborted === true || Date.now() + waitMs >= deadlineMs;
      if (!answer.retryable || tries >= this.#tries || isOver) throw answer;
      await pause(waitMs, request.signal);
    }
  }

  async #try({ expected, ...request }: RepeatedRequest, timeoutMs: number): Promise<JsonAnswer | Fault> {
    try {
      const answer = await requestJson({ ...this.#access, ...request, timeoutMs });
      const { status, retryAfterMs, body } = answer;
      if (expected.includes(status)) return answer;
      const isBusy = WORTH_REPEATING.has(status);
      if (isBusy && retryAfterMs !== undefined) this.#notBeforeMs = Date.now() + retryAfterMs;
      const said = `${status} ${JSON.stringify(body)?.slice(0, 300) ?? "without a body"}`;
      return isBusy ? unavailable(request, said) : refused(request, said);
    } catch (error) {
      if (error instanceof Fault) return error;
      throw error;
    }
  }
}

type Named = Pick<JsonRequest, "method" | "path">;

const unavailable = ({ method, path }: Named, why: string): Fault =>
  new Fault("SERVER_UNAVAILABLE", `${method} ${path}: ${why}`, { retryable: true });
const refused = ({ method, path }: Named, why: string): Fault =>
  new Fault("SERVER_REFUSED", `${method} ${path}: ${why}`, { retryable: false });
