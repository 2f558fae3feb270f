import type { Json } from "../../runtime/core/message.ts";
import { NewsQueue } from "./run-news.ts";
import { cut, type GoingOn, RUN_LIMITS, type Runnable, type RunListener, storable } from "./runnable.ts";

interface ActiveRunParts {
  readonly runId: string;
  readonly timeoutMs: Runnable["timeoutMs"];
  /** From SIGTERM to SIGKILL. */
  readonly graceMs: number;
  readonly begin: (listener: RunListener) => GoingOn;
  /** There is news, or nothing of the run is left. */
  readonly onChange: () => void;
}

/** A run that goes on: what it says, what it waits for, and its end. */
export class ActiveRun {
  readonly news: NewsQueue;
  readonly #onChange: () => void;
  readonly #graceMs: number;
  readonly #process: GoingOn;
  readonly #openLocks = new Map<string, NodeJS.Timeout>();
  readonly #lids = new Set<string>();
  /** Of the time that it may take; undefined while it waits for people, and when it has ended. */
  #timer: { readonly timeout: NodeJS.Timeout; readonly sinceMs: number } | undefined;
  #leftMs: number;
  #isEnded = false;
  /** Nothing of it is left. */
  #isGone = false;
  #isClosing: Promise<void> | undefined;

  constructor({ runId, timeoutMs, graceMs, begin, onChange }: ActiveRunParts) {
    this.news = new NewsQueue(runId);
    this.#onChange = onChange;
    this.#leftMs = timeoutMs;
    this.#graceMs = graceMs;
    this.news.add({ kind: "started", at: Date.now() });
    this.#process = begin(this.#listener());
    if (!this.#isEnded) this.#startTimer();
  }

  /** It has ended, that was told, and nothing of it is left. */
  get isSettled(): boolean {
    return this.#isEnded && this.#isGone && this.news.isEmpty;
  }

  answer(lid: string, result: Json): void {
    const timeout = this.#openLocks.get(lid);
    if (timeout === undefined) return;
    clearTimeout(timeout);
    this.#openLocks.delete(lid);
    if (this.#openLocks.size === 0) this.#startTimer();
    this.#process.answer(lid, result);
  }

  /** Ends it, if it has not ended, and all that it has started. Resolves when nothing is left of it. */
  stop(code: string, message: string, graceMs = this.#graceMs): Promise<void> {
    this.#end({ code, message });
    return this.#close(graceMs);
  }

  #listener(): RunListener {
    const whileItRuns =
      <Args extends readonly unknown[]>(tell: (...args: Args) => void) =>
      (...args: Args): void => {
        if (!this.#isEnded) tell(...args);
      };
    return {
      progress: whileItRuns((value: Json) => this.#progress(value)),
      log: whileItRuns((text: string) => this.#tell({ kind: "logged", lines: [text] })),
      lock: whileItRuns((lid: string | undefined, question: Json, timeoutMs: number) =>
        this.#lock(lid, question, timeoutMs),
      ),
      result: (result) => this.#end({ result }),
      error: (code, message) => this.#end({ code, message }),
      over: () => void this.#close(this.#graceMs).catch(() => {}),
    };
  }

  #tell(news: Parameters<NewsQueue["add"]>[0]): void {
    this.news.add(news);
    this.#onChange();
  }

  #progress(progress: Json): void {
    const { length } = JSON.stringify(progress ?? null);
    const isShort = length <= RUN_LIMITS.progressLength;
    this.#tell({ kind: "progressed", progress: isShort ? progress : `${length} characters, too many to be shown` });
  }

  #lock(given: string | undefined, question: Json, timeoutMs: number): void {
    const lid = given ?? `lock-${this.#lids.size + 1}`;
    if (this.#openLocks.has(lid)) return;
    const { openLocks, locks, questionLength } = RUN_LIMITS;
    const length = JSON.stringify(question ?? null).length;
    if (this.#lids.has(lid)) return this.#give("bad_lock", `the lock ${lid} was answered before`);
    if (this.#openLocks.size >= openLocks) return this.#give("bad_lock", `${openLocks} locks are open`);
    if (this.#lids.size >= locks) return this.#give("bad_lock", `it has asked for ${locks} locks`);
    if (length > questionLength) return this.#give("bad_lock", `a question has ${questionLength} characters at most`);
    this.#lids.add(lid);
    this.#pauseTimer();
    const expire = (): void => this.#give("lock_expired", `nobody has answered ${lid} in ${timeoutMs / 1_000} s`);
    // An answer that was taken in the last moment is on its way.
    this.#openLocks.set(lid, setTimeout(expire, timeoutMs + this.#graceMs));
    this.#tell({ kind: "locked", lid, question, expiresAt: Date.now() + timeoutMs });
  }

  /** It is ended for this reason. */
  #give(code: string, message: string): void {
    void this.stop(code, message).catch(() => {});
  }

  #startTimer(): void {
    if (this.#isEnded || this.#timer) return;
    const expire = (): void => this.#give("timeout", "it took longer than its flow may");
    this.#timer = { timeout: setTimeout(expire, this.#leftMs), sinceMs: performance.now() };
  }

  #pauseTimer(): void {
    if (!this.#timer) return;
    clearTimeout(this.#timer.timeout);
    this.#leftMs = Math.max(0, this.#leftMs - (performance.now() - this.#timer.sinceMs));
    this.#timer = undefined;
  }

  #end(how: { readonly result: Json } | { readonly code: string; readonly message: string }): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#pauseTimer();
    for (const timeout of this.#openLocks.values()) clearTimeout(timeout);
    this.#openLocks.clear();
    const at = Date.now();
    if ("result" in how) return this.#tell({ kind: "done", result: how.result, at });
    const message = cut(storable(how.message), RUN_LIMITS.errorLength);
    this.#tell({ kind: "failed", code: how.code, message, at });
  }

  /** Tried again when somebody asks again. */
  #close(graceMs: number): Promise<void> {
    if (this.#isGone) return Promise.resolve();
    return (this.#isClosing ??= this.#process.stop(graceMs).then(
      () => {
        this.#isGone = true;
        this.#onChange();
      },
      (error: unknown) => {
        this.#isClosing = undefined;
        throw error;
      },
    ));
  }
}
