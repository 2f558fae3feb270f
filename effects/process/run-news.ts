import type { Json } from "../../runtime/core/message.ts";

/** What is to be told of a run. */
export type RunNews =
  | { readonly kind: "started"; readonly at: number }
  | { readonly kind: "progressed"; readonly progress: Json }
  | { readonly kind: "logged"; readonly lines: readonly string[] }
  | { readonly kind: "locked"; readonly lid: string; readonly question: Json; readonly expiresAt: number }
  | { readonly kind: "done"; readonly result: Json; readonly at: number }
  | { readonly kind: "failed"; readonly code: string; readonly message: string; readonly at: number };

export interface NumberedNews {
  readonly runId: string;
  /** Rises with each news of a run: what comes with a lower one is a repeat. */
  readonly nth: number;
  readonly news: RunNews;
}

/** At most so often a second each run tells of progress and of its log. */
const PACE_MS = 200;
const LINES_AT_ONCE = 100;

/**
 * The news of a run that nobody was told of yet. Of progress the last is kept and lines of the log go together, so it
 * is bounded, however much the run says.
 */
export class NewsQueue {
  readonly #runId: string;
  readonly #pending: RunNews[] = [];
  #nth: number;
  #isAsked = false;
  #pacedUntilMs = 0;

  /** @param nth of the news before the first */
  constructor(runId: string, nth = 0) {
    this.#runId = runId;
    this.#nth = nth;
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0;
  }

  add(news: RunNews): void {
    const last = this.#pending.length - 1;
    const before = this.#isAsked && last === 0 ? undefined : this.#pending[last];
    if (news.kind === "progressed" && before?.kind === "progressed") this.#pending[last] = news;
    else if (news.kind === "logged" && before?.kind === "logged" && before.lines.length < LINES_AT_ONCE)
      this.#pending[last] = { kind: "logged", lines: [...before.lines, ...news.lines] };
    else this.#pending.push(news);
  }

  /** The next one, until `told`. Undefined: there is none, it is being told, or its time has not come. */
  next(nowMs: number): NumberedNews | undefined {
    const [news] = this.#pending;
    if (!news || this.#isAsked || this.waitMs(nowMs) > 0) return undefined;
    this.#isAsked = true;
    return { runId: this.#runId, nth: this.#nth + 1, news };
  }

  /** How long the first is to wait. */
  waitMs(nowMs: number): number {
    const isPaced = this.#pending.length === 1 && ["progressed", "logged"].includes(this.#pending[0]?.kind ?? "");
    return isPaced ? Math.max(0, this.#pacedUntilMs - nowMs) : 0;
  }

  /** @param isTold false: it is to be told again, under the same number */
  told(isTold: boolean, nowMs: number): void {
    this.#isAsked = false;
    if (!isTold) return;
    this.#nth++;
    this.#pending.shift();
    this.#pacedUntilMs = nowMs + PACE_MS;
  }
}
