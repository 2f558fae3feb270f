import type { Clock } from "../ports/clock.ts";

/** With a longer delay setTimeout fires at once. */
const longestTimeoutMs = 2 ** 31 - 1;

export class SystemClock implements Clock {
  monotonicMs(): number {
    return performance.now();
  }

  wallMs(): number {
    return Date.now();
  }

  after(delayMs: number, call: () => void): () => void {
    const dueAtMs = performance.now() + delayMs;
    const wait = (leftMs: number): NodeJS.Timeout =>
      setTimeout(tick, Math.min(Math.max(leftMs, 0), longestTimeoutMs)).unref();
    const tick = (): void => {
      const leftMs = dueAtMs - performance.now();
      // A timer may fire up to 1 ms early; more is left only of a delay that was cut to the longest timeout.
      if (leftMs > 1) timer = wait(leftMs);
      else call();
    };
    let timer = wait(delayMs);
    return () => clearTimeout(timer);
  }

  afterIo(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  random(): number {
    return Math.random();
  }
}
