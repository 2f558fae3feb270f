import type { Json } from "../../runtime/core/message.ts";
import { ActiveRun } from "./active-run.ts";
import { ChildRun } from "./child-run.ts";
import { FunctionRun } from "./function-run.ts";
import { HttpRun } from "./http-run.ts";
import { endTree } from "./process-tree.ts";
import { RunFolder } from "./run-folder.ts";
import { NewsQueue, type NumberedNews } from "./run-news.ts";
import type { GoingOn, Runnable, RunListener } from "./runnable.ts";

const STOP_GRACE_MS = 5_000;
/** When the node itself stops, it has less time. */
const CLOSE_GRACE_MS = 2_000;
/** A run that was lost is told of behind all that was ever told of it. */
const LOST_NTH = 2 ** 40;

export interface RunnerOptions {
  /** Of the node, for what it knows of runs beside its store. */
  readonly folder: string;
  /** By path. */
  readonly flows: ReadonlyMap<string, Runnable>;
  /** How many go on at once; further ones wait. */
  readonly concurrency: number;
  /** From SIGTERM to SIGKILL. Default 5 s. */
  readonly graceMs?: number;
}

/**
 * Runs flows. A run is begun once: what begins is noted on disk before, so one that a crash has cut is lost, and told
 * as such, but never begun again. What runs say is news, until somebody has told it.
 */
export class Runner {
  readonly #options: RunnerOptions;
  readonly #graceMs: number;
  readonly #folder: RunFolder;
  readonly #active = new Map<string, ActiveRun>();
  /** Of runs that are not there: they can't be told of by themselves. */
  readonly #lost = new Map<string, NewsQueue>();
  #wake: (() => void) | undefined;
  #prepared: Promise<void> | undefined;
  #isPrepared = false;
  #isClosing = false;

  /** @throws Error with the path, when its folder can't be written to */
  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#graceMs = options.graceMs ?? STOP_GRACE_MS;
    this.#folder = new RunFolder(options.folder);
  }

  get count(): number {
    return this.#active.size;
  }

  /**
   * Begins a run. Idempotent by its id.
   * @returns false when as many go on as may, or those of before are not ended yet: it is to be asked for again
   */
  start(runId: string, flow: string, inputs: Json): boolean {
    if (this.#active.has(runId)) return true;
    void this.prepare();
    if (!this.#isPrepared) return false;
    if (this.#folder.hasBegun(runId)) {
      this.lose(runId);
      return true;
    }
    if (this.#isClosing || this.#active.size >= this.#options.concurrency) return false;
    const runnable = this.#options.flows.get(flow);
    if (!runnable) {
      this.#fail(runId, "unknown_flow", `this node has no flow ${flow} that it can run`);
      return true;
    }
    this.#folder.begin(runId);
    const begin = (listener: RunListener): GoingOn => this.#begin(runId, runnable, inputs, listener);
    const { timeoutMs } = runnable;
    const onChange = (): void => this.#changed(runId);
    try {
      this.#active.set(runId, new ActiveRun({ runId, timeoutMs, graceMs: this.#graceMs, begin, onChange }));
    } catch (error) {
      this.#fail(runId, "cannot_start", `it can't be started: ${String(error)}`);
    }
    this.#changed(runId);
    return true;
  }

  /** Idempotent: what is answered is answered. Of a run that is not there nobody waits. */
  answer(runId: string, lid: string, result: Json): void {
    this.#active.get(runId)?.answer(lid, result);
  }

  /** Resolves when nothing that the run has started is left. Of a former process of this node too. */
  async stop(runId: string): Promise<void> {
    const run = this.#active.get(runId);
    if (run) return run.stop("killed", "it was killed");
    if (this.#folder.hasBegun(runId)) await endTree({ mark: this.#markOf(runId) }, this.#graceMs);
  }

  /** Nobody asks for it any more. */
  forget(runId: string): void {
    this.#folder.forget(runId);
  }

  /** Whether it was begun, and is not here: a former process of this node had it. */
  isLost(runId: string): boolean {
    return !this.#active.has(runId) && !this.#lost.has(runId) && this.#folder.hasBegun(runId);
  }

  /** Tells that a run was cut. */
  lose(runId: string): void {
    this.#fail(runId, "lost", "the node stopped while it ran: how far it came is not known, and it is not begun again");
  }

  /** Ends what runs of a former process of this node have left, once. No run begins before. */
  prepare(): Promise<void> {
    return (this.#prepared ??= endTree({ mark: `${this.#folder.id}/` }, this.#graceMs)
      // What can't be ended, such as a process that the kernel holds, must not keep the node from its work.
      .catch(() => {})
      .then(() => void (this.#isPrepared = true)));
  }

  /** Resolves with what is to be told now, of each run at most one; empty when the signal is aborted. */
  async nextNews(signal: AbortSignal): Promise<readonly NumberedNews[]> {
    while (!signal.aborted) {
      const nowMs = performance.now();
      const queues = [...[...this.#active.values()].map(({ news }) => news), ...this.#lost.values()];
      const news = queues.flatMap((queue) => queue.next(nowMs) ?? []);
      if (news.length > 0) return news;
      const waits = queues.filter(({ isEmpty }) => !isEmpty).map((queue) => queue.waitMs(nowMs));
      await this.#untilChanged(Math.min(1_000, ...waits.filter((ms) => ms > 0)), signal);
    }
    return [];
  }

  /** @param isTold false: it is given again */
  told({ runId }: NumberedNews, isTold: boolean): void {
    const queue = this.#active.get(runId)?.news ?? this.#lost.get(runId);
    queue?.told(isTold, performance.now());
    if (queue?.isEmpty && this.#lost.get(runId) === queue) this.#lost.delete(runId);
    this.#changed(runId);
  }

  /** The news can't be told as it is. An end is told without what it led to, a question ends its run. */
  refused(told: NumberedNews, why: string): void {
    const { runId, news } = told;
    const run = this.#active.get(runId);
    const queue = run?.news ?? this.#lost.get(runId);
    if (news.kind === "locked") void run?.stop("bad_lock", why).catch(() => {});
    if (news.kind === "done" || news.kind === "failed")
      queue?.add({ kind: "failed", code: "unreportable", message: "what it said can't be kept", at: news.at });
    this.told(told, true);
  }

  /** The node stops: runs are ended, and those that were told so are not lost. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const runs = [...this.#active.values()];
    const message = "the node was stopped while it ran";
    await Promise.allSettled(runs.map((run) => run.stop("stopped", message, CLOSE_GRACE_MS)));
  }

  /** Resolves when nothing goes on, and all that runs have said was told. */
  async untilSettled(): Promise<void> {
    while (this.#active.size > 0 || this.#lost.size > 0) await new Promise((resolve) => setTimeout(resolve, 50));
  }

  #begin(runId: string, { means }: Runnable, inputs: Json, listener: RunListener): GoingOn {
    if (means.kind === "http") return new HttpRun(means.url, { runId, inputs }, listener);
    if (means.kind === "function") return new FunctionRun(means.run, { runId, inputs }, listener);
    return new ChildRun(means, { runId, inputs, mark: this.#markOf(runId) }, listener);
  }

  #markOf = (runId: string): string => `${this.#folder.id}/${runId}`;

  #fail(runId: string, code: string, message: string): void {
    if (this.#lost.has(runId)) return;
    const queue = new NewsQueue(runId, LOST_NTH);
    queue.add({ kind: "failed", code, message, at: Date.now() });
    this.#lost.set(runId, queue);
    this.#wake?.();
  }

  #changed(runId: string): void {
    if (this.#active.get(runId)?.isSettled) this.#active.delete(runId);
    this.#wake?.();
  }

  #untilChanged(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener("abort", done);
      this.#wake = done;
    });
  }
}
