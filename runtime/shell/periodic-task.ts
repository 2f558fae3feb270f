import type { Clock } from "../ports/clock.ts";

/** Runs work again and again, each time a delay after its end, until it is stopped. */
export class PeriodicTask {
  readonly #clock: Clock;
  readonly #work: () => Promise<void>;
  readonly #delayMs: () => number;
  #isStopped = false;
  #cancel = (): void => {};

  /** @param delayMs asked for before each wait */
  constructor(clock: Clock, work: () => Promise<void>, delayMs: () => number) {
    this.#clock = clock;
    this.#work = work;
    this.#delayMs = delayMs;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  start(): void {
    if (this.#isStopped) return;
    this.#cancel = this.#clock.after(this.#delayMs(), () => this.startNow());
  }

  /** Like `start`, without the first delay. */
  startNow(): void {
    void this.#work().finally(() => this.start());
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }
}
