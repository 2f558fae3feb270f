import type { Clock } from "../../runtime/ports/clock.ts";

/** Time that stands still until a test moves it. */
export class ManualClock implements Clock {
  #nowMs = 1_000;
  #timers: { readonly at: number; readonly call: () => void }[] = [];

  monotonicMs(): number {
    return this.#nowMs;
  }
  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }
  afterIo(): Promise<void> {
    return Promise.resolve();
  }
  random(): number {
    return 0.5;
  }
  after(delayMs: number, call: () => void): () => void {
    const timer = { at: this.#nowMs + delayMs, call };
    this.#timers.push(timer);
    return () => (this.#timers = this.#timers.filter((other) => other !== timer));
  }

  /** Moves time, calling what becomes due in order and letting promises settle in between. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settled();
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= untilMs).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#nowMs = Math.max(this.#nowMs, next.at);
      next.call();
      await settled();
    }
    this.#nowMs = untilMs;
    await settled();
  }
}

/** Long enough for chains of promises to run out. */
async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
