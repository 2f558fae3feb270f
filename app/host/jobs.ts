import { durationMs } from "../../runtime/contract/language/schema-parts.ts";
import type { Clock } from "../../runtime/ports/clock.ts";
import type { Locks } from "../../runtime/ports/locks.ts";
import { settleWithin } from "../../runtime/ports/settle-within.ts";
import { repeat } from "../../runtime/shell/shell-context.ts";
import type { Observe } from "../../runtime/shell/shell-event.ts";
import type { Job, JobContext } from "./module.ts";

/** Between two looks at the locks, and at what is due. */
const LOOK_MS = 1_000;
/** How long a stop waits for runs to end: the runtimes drain after it. */
const STOP_MS = 2_000;
/** How long a run may take to end when its signal is aborted. */
const END_MS = 5_000;
const BACK_OFF_MAX_MS = 60_000;

/** A job of a served domain. */
export interface ServedJob {
  readonly domain: string;
  readonly job: Job;
  readonly observe: Observe;
  /** @param assertCurrent throws when the run may not be the only one any more */
  readonly context: (signal: AbortSignal, assertCurrent: () => void) => JobContext;
}

export interface JobStatus {
  readonly domain: string;
  readonly job: string;
  readonly every: string;
  /** Whether this process is the one that runs it. */
  readonly isHere: boolean;
  /** Of the run that goes on, ms since the epoch. */
  readonly runningSinceMs: number | null;
  /** Of the runs since the last one that succeeded; the error is the latest. */
  readonly failure: { readonly sinceMs: number; readonly times: number; readonly error: string } | null;
}

/**
 * Runs the jobs of a process. Of the processes of a store the one that holds a job's lock runs it, and keeps it until
 * it stops or is lost; then another one takes it over, and begins a run after the locks' grace.
 */
export class Jobs {
  readonly #locks: Locks;
  readonly #clock: Clock;
  readonly #runners: readonly JobRunner[];
  readonly #stop = new AbortController();
  /** Monotonic ms at which the last `hold` began that succeeded. */
  #heldAtMs = Number.NEGATIVE_INFINITY;
  #stopped: Promise<void> | undefined;

  constructor(served: readonly ServedJob[], locks: Locks, clock: Clock) {
    this.#locks = locks;
    this.#clock = clock;
    const { graceMs } = locks;
    const isCurrent = (): boolean => graceMs === 0 || clock.monotonicMs() - this.#heldAtMs < graceMs;
    this.#runners = served.map((each) => new JobRunner(each, { clock, graceMs, isCurrent }));
  }

  start(): void {
    if (this.#runners.length === 0) return;
    const parts = { clock: this.#clock, stopping: this.#stop.signal, onFatal: () => {} };
    repeat(parts, 0, () => this.#look());
  }

  status(): readonly JobStatus[] {
    return this.#runners.map((runner) => runner.status());
  }

  /** Ends all runs and gives the locks back, within 7 s; for a run that goes on they are kept until they run out. */
  stop(): Promise<void> {
    return (this.#stopped ??= this.#end());
  }

  async #end(): Promise<void> {
    this.#stop.abort();
    const ended = Promise.all(this.#runners.map((runner) => runner.end("the process stops"))).then(() => true);
    if (await settleWithin(STOP_MS, ended, () => false, this.#clock)) await this.#locks.close();
  }

  /** Never rejects. @returns ms until the next time */
  async #look(): Promise<number> {
    const beganAtMs = this.#clock.monotonicMs();
    let held: ReadonlySet<string> = new Set();
    let lostReason = "another process has it";
    try {
      held = await this.#locks.hold(this.#runners.map(({ lock }) => lock));
      this.#heldAtMs = beganAtMs;
    } catch (error) {
      lostReason = `its lock can't be kept: ${String(error)}`;
    }
    if (this.#stop.signal.aborted) return 0;
    for (const runner of this.#runners) runner.look(held.has(runner.lock) ? undefined : lostReason);
    return LOOK_MS;
  }
}

interface Run {
  readonly abort: AbortController;
  readonly ended: Promise<void>;
  /** Monotonic ms, and ms since the epoch. */
  readonly beganAtMs: number;
  readonly sinceMs: number;
  /** Monotonic ms. */
  abortedAtMs?: number;
  isReported: boolean;
}

interface RunnerParts {
  readonly clock: Clock;
  readonly graceMs: number;
  readonly isCurrent: () => boolean;
}

/** Runs one job, never twice at once: a run that ignores its signal is waited for, also if the lock is back. */
class JobRunner {
  readonly lock: string;
  readonly #served: ServedJob;
  readonly #clock: Clock;
  readonly #parts: RunnerParts;
  /** Undefined: always. */
  readonly #everyMs: number | undefined;
  /** Monotonic ms since when this process holds the lock. */
  #heldSinceMs: number | undefined;
  #run: Run | undefined;
  /** Monotonic ms. */
  #dueAtMs = Number.NEGATIVE_INFINITY;
  /** Ends of an `always` soon after its begin, in a row. */
  #earlyEnds = 0;
  #failure: JobStatus["failure"] = null;

  constructor(served: ServedJob, parts: RunnerParts) {
    this.lock = `job ${served.domain}/${served.job.name}`;
    this.#served = served;
    this.#clock = parts.clock;
    this.#parts = parts;
    this.#everyMs = served.job.every === "always" ? undefined : durationMs(served.job.every);
  }

  status(): JobStatus {
    const { domain, job } = this.#served;
    const now = {
      isHere: this.#heldSinceMs !== undefined,
      runningSinceMs: this.#run?.sinceMs ?? null,
      failure: this.#failure,
    };
    return { domain, job: job.name, every: job.every, ...now };
  }

  /** @param lostReason undefined: this process holds the job's lock */
  look(lostReason: string | undefined): void {
    const nowMs = this.#clock.monotonicMs();
    if (lostReason === undefined) this.#heldSinceMs ??= nowMs;
    else void this.end(lostReason);
    const heldSinceMs = this.#heldSinceMs ?? Number.POSITIVE_INFINITY;
    if (this.#run) this.#watch(this.#run);
    else if (nowMs >= Math.max(this.#dueAtMs, heldSinceMs + this.#parts.graceMs)) this.#begin();
  }

  /** Resolves when no run goes on. */
  async end(reason: string): Promise<void> {
    this.#heldSinceMs = undefined;
    // Whoever takes the job over doesn't know when it ran last, and neither will this process.
    this.#dueAtMs = Number.NEGATIVE_INFINITY;
    const run = this.#run;
    if (!run) return;
    if (run.abortedAtMs === undefined) {
      run.abortedAtMs = this.#clock.monotonicMs();
      run.isReported = false;
      run.abort.abort(new Error(reason));
    }
    await run.ended;
  }

  #begin(): void {
    const abort = new AbortController();
    const assertCurrent = (): void => {
      abort.signal.throwIfAborted();
      if (!this.#parts.isCurrent()) throw new Error("the job's lock could not be kept: another process may run it");
    };
    const beganAtMs = this.#clock.monotonicMs();
    this.#dueAtMs = beganAtMs + (this.#everyMs ?? 0);
    const { job, context } = this.#served;
    // So that an exception before the first `await` is a rejection too.
    const ended = Promise.resolve()
      .then(() => job.run(context(abort.signal, assertCurrent)))
      .then(
        () => this.#finish(beganAtMs, abort.signal),
        (error: unknown) => this.#finish(beganAtMs, abort.signal, { error }),
      );
    this.#run = { abort, ended, beganAtMs, sinceMs: this.#clock.wallMs(), isReported: false };
  }

  #finish(beganAtMs: number, { aborted }: AbortSignal, failed?: { readonly error: unknown }): void {
    this.#run = undefined;
    if (this.#everyMs === undefined && !aborted) this.#backOff(this.#clock.monotonicMs() - beganAtMs);
    // What an aborted run throws is mostly that it was aborted.
    if (failed && !aborted) this.#fail(failed.error instanceof Error ? failed.error.message : String(failed.error));
    else this.#failure = null;
  }

  #backOff(ranForMs: number): void {
    this.#earlyEnds = ranForMs >= BACK_OFF_MAX_MS ? 0 : this.#earlyEnds + 1;
    const backOffMs = Math.min(BACK_OFF_MAX_MS, LOOK_MS * 2 ** Math.max(0, this.#earlyEnds - 1));
    this.#dueAtMs = this.#clock.monotonicMs() + backOffMs;
  }

  #watch(run: Run): void {
    const nowMs = this.#clock.monotonicMs();
    const { every } = this.#served.job;
    const ranForMs = nowMs - run.beganAtMs;
    if (run.abortedAtMs === undefined && this.#everyMs === undefined && ranForMs >= BACK_OFF_MAX_MS)
      this.#failure = null;
    if (run.isReported) return;
    if (run.abortedAtMs !== undefined && nowMs - run.abortedAtMs >= END_MS)
      this.#report(run, `its run goes on although it was told to end (${String(run.abort.signal.reason)})`);
    else if (run.abortedAtMs === undefined && this.#everyMs !== undefined && ranForMs >= this.#everyMs)
      this.#report(run, `its run goes on after ${every}, when the next one was due`);
  }

  #report(run: Run, what: string): void {
    run.isReported = true;
    this.#fail(`${what}: no other begins here before it ends`);
  }

  #fail(error: string): void {
    const { sinceMs = this.#clock.wallMs(), times = 0 } = this.#failure ?? {};
    this.#failure = { sinceMs, times: times + 1, error };
    this.#served.observe({ kind: "job_failed", job: this.#served.job.name, error });
  }
}
