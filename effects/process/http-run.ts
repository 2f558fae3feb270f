import type { Json } from "../../runtime/core/message.ts";
import type { GoingOn, RunListener } from "./runnable.ts";
import { hearResult } from "./spoken-line.ts";

const ANSWER_BYTES_MAX = 1024 * 1024;
const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\b/i;

/** A flow that is behind an address: it is sent the inputs, and its answer is the result. It is sent on nowhere. */
export class HttpRun implements GoingOn {
  readonly #abort = new AbortController();
  readonly #ended: Promise<void>;

  constructor(
    url: string,
    { runId, inputs }: { readonly runId: string; readonly inputs: Json },
    listener: RunListener,
  ) {
    this.#ended = post(url, runId, inputs, this.#abort.signal)
      .then((result) => hearResult(result, listener))
      .catch((error: unknown) => listener.error("http", `POST ${url}: ${reasonOf(error)}`))
      .then(() => listener.over());
  }

  answer(): void {}

  stop(): Promise<void> {
    this.#abort.abort();
    return this.#ended;
  }
}

async function post(url: string, runId: string, inputs: Json, signal: AbortSignal): Promise<Json> {
  const response = await fetch(url, {
    method: "POST",
    redirect: "manual",
    headers: { "content-type": "application/json", accept: "application/json, text/plain", "idempotency-key": runId },
    body: JSON.stringify(inputs),
    signal,
  });
  const { status, headers } = response;
  if (status < 200 || status >= 300) {
    await response.body?.cancel();
    throw new Error(status < 400 ? `${status}, sent on to ${headers.get("location") ?? "somewhere"}` : `${status}`);
  }
  const text = await boundedText(response);
  if (text === "") return null;
  return JSON_TYPE.test(headers.get("content-type") ?? "") ? (JSON.parse(text) as Json) : text;
}

async function boundedText({ body }: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body ?? []) {
    length += part.length;
    if (length > ANSWER_BYTES_MAX) throw new Error(`an answer of more than ${ANSWER_BYTES_MAX} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** `fetch` says "fetch failed", and why in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
