import type { Json } from "../../runtime/core/message.ts";
import { type FlowFunction, type GoingOn, LOCK_TIMEOUT_MS, type RunListener } from "./runnable.ts";
import { hearResult, logLine } from "./spoken-line.ts";

/** A function of the node's own program. It can't be ended from outside: it is told, and heard no more. */
export class FunctionRun implements GoingOn {
  readonly #abort = new AbortController();
  readonly #waiting = new Map<string, (result: Json) => void>();
  #locks = 0;

  constructor(
    run: FlowFunction,
    { runId, inputs }: { readonly runId: string; readonly inputs: Json },
    listener: RunListener,
  ) {
    const { signal } = this.#abort;
    const context = {
      ...{ runId, signal, progress: (value: Json) => listener.progress(value) },
      log: (text: string) => listener.log(logLine(String(text))),
      lock: (question: Json, timeoutMs: number = LOCK_TIMEOUT_MS.standard) => this.#lock(listener, question, timeoutMs),
    };
    // So that an exception before the first `await` is a rejection too.
    void Promise.resolve()
      .then(() => run(inputs, context))
      .then((result) => hearResult(result ?? null, listener))
      .catch((error: unknown) => listener.error("failed", error instanceof Error ? error.message : String(error)))
      .then(() => listener.over());
  }

  answer(lid: string, result: Json): void {
    this.#waiting.get(lid)?.(result);
    this.#waiting.delete(lid);
  }

  stop(): Promise<void> {
    this.#abort.abort(new Error("the run is over"));
    return Promise.resolve();
  }

  #lock(listener: RunListener, question: Json, timeoutMs: number): Promise<Json> {
    const lid = `lock-${++this.#locks}`;
    const { signal } = this.#abort;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason as Error);
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting.set(lid, (result) => {
        signal.removeEventListener("abort", onAbort);
        resolve(result);
      });
      listener.lock(lid, question, Math.min(timeoutMs, LOCK_TIMEOUT_MS.max));
    });
  }
}
