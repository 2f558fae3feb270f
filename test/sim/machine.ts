import type { Clock } from "../../runtime/ports/clock.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

/**
 * Start of the simulated time by the broker's and the database's clocks, ms since the epoch. A day begins within the
 * first two minutes.
 */
export const EPOCH_MS = Date.UTC(2030, 0, 1, 23, 58, 30);

/**
 * The machine of one process of the product. It can stop at any moment, for good or for a while: its timers and the
 * responses to it wait or are dropped, but requests that it has sent are carried out by the services.
 */
export class Machine {
  readonly name: string;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  /** Error of its wall clock. */
  wallOffsetMs: number;
  readonly #bootedAtMs: number;
  #state: "running" | "paused" | "dead" = "running";
  #dueWhilePaused: (() => void)[] = [];
  readonly #onDeath: (() => void)[] = [];
  /** Calls to a port that are left until it dies. */
  #callsToLive = Number.POSITIVE_INFINITY;

  constructor(name: string, scheduler: Scheduler, random: Random, wallOffsetMs: number) {
    this.name = name;
    this.#scheduler = scheduler;
    this.#random = random;
    this.wallOffsetMs = wallOffsetMs;
    this.#bootedAtMs = scheduler.nowMs - 1_000;
  }

  get isDead(): boolean {
    return this.#state === "dead";
  }
  get isRunning(): boolean {
    return this.#state === "running";
  }

  after(delayMs: number, call: () => void): () => void {
    if (this.isDead) return () => {};
    let cancelled = false;
    const run = (): void => {
      if (cancelled || this.isDead) return;
      if (this.#state === "paused") this.#dueWhilePaused.push(run);
      else call();
    };
    const cancel = this.#scheduler.after(delayMs, run);
    return () => {
      cancelled = true;
      cancel();
    };
  }

  /** Called at each call to a port. @returns whether it still leaves the machine */
  countCall(): boolean {
    if (this.isDead) return false;
    if (--this.#callsToLive <= 0) this.kill();
    return !this.isDead;
  }

  killAtCall(calls: number): void {
    this.#callsToLive = calls;
  }

  kill(): void {
    if (this.isDead) return;
    this.#state = "dead";
    this.#dueWhilePaused = [];
    for (const call of this.#onDeath) call();
  }

  pause(): void {
    if (this.isRunning) this.#state = "paused";
  }

  /** Timers that became due meanwhile fire now, in no particular order. */
  wake(): void {
    if (this.#state !== "paused") return;
    this.#state = "running";
    const late = this.#dueWhilePaused;
    this.#dueWhilePaused = [];
    for (const call of late) this.after(this.#random.next() * 5, call);
  }

  whenDead(call: () => void): void {
    this.#onDeath.push(call);
  }

  readonly clock: Clock = {
    monotonicMs: () => this.#scheduler.nowMs - this.#bootedAtMs,
    wallMs: () => Math.floor(EPOCH_MS + this.#scheduler.nowMs + this.wallOffsetMs),
    after: (delayMs, call) => this.after(delayMs, call),
    afterIo: () => new Promise((resolve) => this.after(0, resolve)),
    random: () => this.#random.next(),
  };
}
