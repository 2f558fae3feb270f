import { z } from "zod";
import type { Json } from "../../runtime/core/message.ts";
import { cut, LOCK_TIMEOUT_MS, RUN_LIMITS, type RunListener, storable } from "./runnable.ts";

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `90s`, `2h`, or a number of seconds. */
const Wait = z.union([
  z
    .number()
    .positive()
    .transform((seconds) => seconds * 1_000),
  z
    .string()
    .regex(/^\d{1,7}[smhd]$/)
    .transform((text) => Number(text.slice(0, -1)) * UNITS[text.slice(-1) as keyof typeof UNITS]),
]);
const Lid = z.string().regex(/^[A-Za-z0-9._:-]{1,100}$/);

const Lock = z.object({ lid: Lid.optional(), question: z.json().optional(), timeout: Wait.optional() });
const Failure = z.union([
  z.string().transform((message) => ({ code: "failed", message })),
  z.object({
    code: z
      .string()
      .regex(/^[a-z][a-z0-9_]{0,40}$/)
      .default("failed"),
    message: z.string(),
  }),
]);

/**
 * What a line of a child means: an object with one of `progress`, `log`, `lock`, `result` and `error`. Any other line
 * is a line of its log, so a program that only prints is understood too.
 */
export function hear(line: string, listener: RunListener): void {
  const said = line.startsWith("{") ? objectOf(line) : undefined;
  if (said === undefined) return listener.log(line);
  if ("result" in said) return hearResult(said["result"] as Json, listener);
  if ("error" in said) {
    const { data } = Failure.safeParse(said["error"]);
    const { code, message } = data ?? { code: "failed", message: JSON.stringify(said["error"]) };
    return listener.error(code, message);
  }
  if ("lock" in said) return hearLock(said["lock"], listener);
  if ("progress" in said) return listener.progress(said["progress"] as Json);
  const { log } = said;
  listener.log(typeof log === "string" ? log : line);
}

/** Whatever gives results. */
export function hearResult(value: Json, listener: Pick<RunListener, "result" | "error">): void {
  const length = JSON.stringify(value ?? null).length;
  if (length <= RUN_LIMITS.resultLength) return listener.result(value ?? null);
  listener.error("result_too_large", `its result has ${length} characters of JSON, ${RUN_LIMITS.resultLength} at most`);
}

function hearLock(said: unknown, listener: RunListener): void {
  const { data, error } = Lock.safeParse(typeof said === "string" ? { question: said } : said);
  if (!data) {
    const [issue] = error.issues;
    return listener.error("bad_lock", `it asked for a lock that is none: ${issue?.path.join(".")}: ${issue?.message}`);
  }
  const timeoutMs = data.timeout ?? LOCK_TIMEOUT_MS.standard;
  if (timeoutMs > LOCK_TIMEOUT_MS.max) return listener.error("bad_lock", "a lock waits a week at most");
  listener.lock(data.lid, data.question ?? null, timeoutMs);
}

function objectOf(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    // As a text, so that an escaped NUL is found too.
    const value: unknown = JSON.parse(line, (_, inner: unknown) =>
      typeof inner === "string" ? storable(inner) : inner,
    );
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** Control characters would make other lines of one in a terminal. */
export const logLine = (text: string): string =>
  cut(storable(text).replace(/[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]/g, " "), RUN_LIMITS.logLineLength);
