import type { Json } from "../../runtime/core/message.ts";

/** What a flow's function may do while it runs. */
interface FunctionContext {
  readonly runId: string;
  /** Aborted when the run is over: killed, timed out, or the node stops. */
  readonly signal: AbortSignal;
  progress(value: Json): void;
  log(text: string): void;
  /** Asks a person. @param timeoutMs default an hour, at most a week. Rejects when nobody answers in time */
  lock(question: Json, timeoutMs?: number): Promise<Json>;
}

export type FlowFunction = (inputs: Json, context: FunctionContext) => Promise<Json | undefined> | Json | undefined;

/** How a flow is run. */
export type Means =
  | {
      readonly kind: "process";
      /** The program and its arguments. No shell reads them, and inputs are none of them. */
      readonly argv: readonly [string, ...string[]];
      readonly cwd: string;
      /** Beside PATH all that it gets. */
      readonly env: Readonly<Record<string, string>>;
      readonly user?: { readonly uid: number; readonly gid: number };
    }
  | { readonly kind: "http"; readonly url: string }
  | { readonly kind: "function"; readonly run: FlowFunction };

export interface Runnable {
  readonly means: Means;
  /** Without the time in which it waits for people. */
  readonly timeoutMs: number;
}

/** What a run says while it goes on. The first `result` or `error` counts. */
export interface RunListener {
  progress(value: Json): void;
  log(text: string): void;
  /** @param lid what the answer is for: chosen by the flow, or undefined */
  lock(lid: string | undefined, question: Json, timeoutMs: number): void;
  result(value: Json): void;
  error(code: string, message: string): void;
  /** It has ended by itself; what it had to say is said. */
  over(): void;
}

/** A run that goes on. */
export interface GoingOn {
  answer(lid: string, result: Json): void;
  /** Ends it with all that it has started. Resolves when nothing of it is left; may be called again. */
  stop(graceMs: number): Promise<void>;
}

/** Of what runs say, in characters or items. What is more is cut, dropped and counted, or ends the run. */
export const RUN_LIMITS = {
  lineBytes: 64 * 1024,
  resultLength: 64 * 1024,
  progressLength: 4 * 1024,
  questionLength: 8 * 1024,
  logLineLength: 2_000,
  logLines: 1_000,
  openLocks: 16,
  locks: 256,
  errorLength: 2_000,
} as const;

export const LOCK_TIMEOUT_MS = { standard: 3_600_000, max: 7 * 86_400_000 } as const;

/** As much of a text as fits, whole characters only. */
export const cut = (text: string, length: number): string =>
  text.length <= length ? text : text.slice(0, length).replace(/[\uD800-\uDBFF]$/, "");

/** What no store takes: NUL, and halves of characters. */
export const storable = (text: string): string => text.replace(/[\0\p{Surrogate}]/gu, "\uFFFD");
