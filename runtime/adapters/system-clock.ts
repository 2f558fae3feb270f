import type { Clock } from "../ports/clock.ts";

/** setTimeout takes a longer delay for no delay at all. */
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
    let timer: NodeJS.Timeout;
    const wait = (leftMs: number): void => {
      timer = setTimeout(tick, Math.min(Math.max(leftMs, 0), longestTimeoutMs));
      timer.unref();
    };
    const tick = (): void => {
      const leftMs = dueAtMs - performance.now();
      // A timer may fire a fraction early; only a long delay has more than that left.
      if (leftMs > 1) wait(leftMs);
      else call();
    };
    wait(delayMs);
    return () => clearTimeout(timer);
  }

  afterIo(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  random(): number {
    return Math.random();
  }
}
