import { Fault } from "../runtime/core/fault.ts";
import { bearer, type HttpAccess } from "./http-access.ts";

export interface JsonRequest extends HttpAccess {
  readonly method: "GET" | "POST" | "PUT";
  /** With its query: `/api/v1/nodes?role=router`. */
  readonly path: string;
  readonly body?: object;
  /** For the whole answer. */
  readonly timeoutMs: number;
  readonly bytesMax: number;
  readonly signal?: AbortSignal | undefined;
}

/** A whole answer whose body is JSON, with any status. */
export interface JsonAnswer {
  readonly status: number;
  readonly body: unknown;
  /** How long the server asks to wait before the next request. */
  readonly retryAfterMs: number | undefined;
}

/**
 * Asks for JSON, and believes nothing else: no page of a proxy or a login, no redirect, no body that is cut, too long
 * or no JSON.
 * @throws Fault REGISTRY_UNAVAILABLE, retryable
 */
export async function requestJson(request: JsonRequest): Promise<JsonAnswer> {
  const { method, path, url, timeoutMs, signal, token } = request;
  const target = new URL(path, url);
  const deadline = AbortSignal.timeout(timeoutMs);
  const headers = { accept: "application/json", ...bearer(token) };
  try {
    const response = await fetch(target, {
      method,
      redirect: "manual",
      headers: request.body ? { ...headers, "content-type": "application/json" } : headers,
      ...(request.body && { body: JSON.stringify(request.body) }),
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    });
    return await readAnswer(response, request.bytesMax);
  } catch (error) {
    const why = deadline.aborted ? `no answer in ${timeoutMs} ms` : reasonOf(error);
    throw new Fault("REGISTRY_UNAVAILABLE", `${method} ${target.href}: ${why}`, { retryable: true, cause: error });
  }
}

async function readAnswer(response: Response, bytesMax: number): Promise<JsonAnswer> {
  const { status, headers } = response;
  const problem = notJson(response);
  if (problem !== undefined) {
    await response.body?.cancel();
    throw new Error(problem);
  }
  const bytes = await readBytes(response, bytesMax);
  const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  return { status, body: JSON.parse(text) as unknown, retryAfterMs: retryAfterMs(headers.get("retry-after")) };
}

function notJson({ status, headers, type }: Response): string | undefined {
  // A browser shows nothing of a redirect but that there is one.
  if (type === "opaqueredirect" || (status >= 300 && status < 400))
    return `${status}, sent on to ${headers.get("location") ?? "somewhere"}: give the registry's own URL`;
  const mediaType = (headers.get("content-type") ?? "none").split(";")[0]?.trim().toLowerCase() ?? "";
  return /^application\/(?:[\w.+-]+\+)?json$/.test(mediaType)
    ? undefined
    : `${status} with the media type ${mediaType}: no answer of a registry`;
}

async function readBytes({ body }: Response, bytesMax: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body ?? []) {
    length += part.length;
    // Leaving the loop closes the connection.
    if (length > bytesMax) throw new Error(`more than ${bytesMax} bytes`);
    parts.push(part);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const RETRY_AFTER_MS_MAX = 3_600_000;

/** In seconds, or as a date (RFC 9110); what is longer than an hour counts as an hour. */
export function retryAfterMs(header: string | null, nowMs: number = Date.now()): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), RETRY_AFTER_MS_MAX);
}

/** `fetch` says "fetch failed" or "terminated", and why in the cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error
    ? `${error.message}: ${cause.message || String((cause as { code?: unknown }).code)}`
    : error.message;
}
