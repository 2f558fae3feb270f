import { Fault } from "../runtime/core/fault.ts";
import { pause } from "./back-off.ts";
import { accessRefused, bearer, type HttpAccess } from "./http-access.ts";
import { encodeMessage, type NodeMessage } from "./messages.ts";
import { failedAnswer, waitAfterMs } from "./retry-later.ts";

const IN_FLIGHT_MAX = 64;
const WAITING_MAX = 50_000;
const DELIVERY_MS = 30_000;
const REQUEST_MS = 10_000;

/** Posts each message, those of a node one after another, and retries those that the system could not take yet. */
export class HttpSender {
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #closing = new AbortController();
  readonly #lastSendByNode = new Map<string, Promise<void>>();
  readonly #queue: (() => void)[] = [];
  #inFlight = 0;
  #waiting = 0;

  constructor({ url, token }: HttpAccess) {
    this.#url = new URL("/api/v1/events", url);
    this.#headers = { "content-type": "application/json", ...bearer(token) };
  }

  send(message: NodeMessage): Promise<void> {
    if (this.#closing.signal.aborted)
      return Promise.reject(new Fault("TRANSPORT_CLOSED", "the transport is closed", { retryable: false }));
    if (this.#waiting >= WAITING_MAX)
      return Promise.reject(new Fault("TRANSPORT_BUSY", `${WAITING_MAX} messages wait already`, { retryable: true }));
    this.#waiting += 1;
    const before = this.#lastSendByNode.get(message.nodeId);
    // In order for each node: a shutdown that overtakes an introspection would leave a registration behind.
    const sent = (before ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => this.#deliver(message))
      .finally(() => {
        this.#waiting -= 1;
        if (this.#lastSendByNode.get(message.nodeId) === sent) this.#lastSendByNode.delete(message.nodeId);
      });
    this.#lastSendByNode.set(message.nodeId, sent);
    return sent;
  }

  async close(): Promise<void> {
    const end = new AbortController();
    await Promise.race([Promise.allSettled(this.#lastSendByNode.values()), pause(4_000, end.signal)]);
    end.abort();
    this.#closing.abort();
  }

  async #deliver(message: NodeMessage): Promise<void> {
    const deadlineMs = Date.now() + DELIVERY_MS;
    const body = encodeMessage(message);
    for (let failures = 0, cause: unknown; ;) {
      if (this.#closing.signal.aborted || Date.now() > deadlineMs)
        throw new Fault("TRANSPORT_UNAVAILABLE", `POST ${this.#url.href}: ${String(cause)}`, {
          retryable: true,
          cause,
        });
      try {
        return await this.#withRequestSlot(() => this.#post(body));
      } catch (error) {
        if (error instanceof Fault) throw error;
        cause = error;
        const leftMs = deadlineMs - Date.now();
        await pause(Math.min(waitAfterMs(error, ++failures), leftMs + 1), this.#closing.signal);
      }
    }
  }

  async #post(body: string): Promise<void> {
    const response = await fetch(this.#url, {
      method: "POST",
      headers: this.#headers,
      body,
      signal: AbortSignal.any([this.#closing.signal, AbortSignal.timeout(REQUEST_MS)]),
    });
    // Read in any case: an unread answer would keep its connection busy.
    const answer = await response.text();
    if (response.ok) return;
    const text = `${response.status} ${answer.slice(0, 500)}`;
    if (response.status === 401 || response.status === 403) throw accessRefused(text);
    const isRefused = response.status < 500 && response.status !== 408 && response.status !== 429;
    if (isRefused) throw new Fault("MESSAGE_REFUSED", text, { retryable: false });
    throw failedAnswer(response, text);
  }

  async #withRequestSlot(call: () => Promise<void>): Promise<void> {
    if (this.#inFlight >= IN_FLIGHT_MAX) await new Promise<void>((resolve) => this.#queue.push(resolve));
    else this.#inFlight += 1;
    try {
      await call();
    } finally {
      // The next waiting message gets this one's slot.
      const next = this.#queue.shift();
      if (next) next();
      else this.#inFlight -= 1;
    }
  }
}
