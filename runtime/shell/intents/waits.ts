import type { Clock } from "../../ports/clock.ts";
import type { RunningIntent } from "./running-intent.ts";

/** Lets intents wait for their next call. */
export class Waits {
  readonly #clock: Clock;
  readonly #makeReady: (running: RunningIntent) => void;
  /** Those that are asked again, by the monotonic ms at which they are. */
  readonly #dueTogether = new Map<number, Map<RunningIntent, RunningIntent["wait"]>>();

  constructor(clock: Clock, makeReady: (running: RunningIntent) => void) {
    this.#clock = clock;
    this.#makeReady = makeReady;
  }

  /** They were not carried out. */
  retryAfter(batch: readonly RunningIntent[], delayMs: number): void {
    const waits = batch.map((running) => (running.wait = { isOver: false }));
    this.#clock.after(delayMs, () => batch.forEach((running, index) => this.#endOne(running, waits[index])));
  }

  /** Those of which the waits end within `togetherMs` are asked together, so that one call has many of them. */
  askAfter(running: RunningIntent, delayMs: number, togetherMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    const dueMs = Math.ceil((nowMs + delayMs) / togetherMs) * togetherMs;
    const wait = (running.wait = { isOver: false });
    const known = this.#dueTogether.get(dueMs);
    if (known) return void known.set(running, wait);
    const due = new Map([[running, wait]]);
    this.#dueTogether.set(dueMs, due);
    this.#clock.after(dueMs - nowMs, () => {
      this.#dueTogether.delete(dueMs);
      for (const [each, its] of due) this.#endOne(each, its);
    });
  }

  /** The next call may be made: at once, or when all failed ones are stored. */
  end(running: RunningIntent): void {
    if (!running.wait) return;
    running.wait.isOver = true;
    this.onStored(running);
  }

  /** Unless it was cut short, and the intent waits anew or not at all. */
  #endOne(running: RunningIntent, wait: RunningIntent["wait"]): void {
    if (running.wait === wait) this.end(running);
  }

  /** Its failed calls, or some of them, are stored. */
  onStored(running: RunningIntent): void {
    if (!running.wait?.isOver || running.storedTries < running.failedTries) return;
    running.wait = undefined;
    this.#makeReady(running);
  }
}
