import type { Clock } from "../../runtime/ports/clock.ts";

/** Time that passes when a test says so. */
export class ManualClock implements Clock {
  #nowMs = 0;
  /** What the machine's clock shows; a test may set it back. */
  wallAtMs = Date.parse("2026-01-01T00:00:00Z");
  readonly #waiting = new Set<{ readonly dueAtMs: number; readonly call: () => void }>();

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.wallAtMs;
  }

  after(delayMs: number, call: () => void): () => void {
    const timer = { dueAtMs: this.#nowMs + delayMs, call };
    this.#waiting.add(timer);
    return () => this.#waiting.delete(timer);
  }

  afterIo(): Promise<void> {
    return Promise.resolve();
  }

  random(): number {
    return 0.5;
  }

  pass(ms: number): void {
    this.#nowMs += ms;
    this.wallAtMs += ms;
    for (;;) {
      const due = [...this.#waiting].filter(({ dueAtMs }) => dueAtMs <= this.#nowMs);
      const [next] = due.sort((a, b) => a.dueAtMs - b.dueAtMs);
      if (next === undefined) return;
      this.#waiting.delete(next);
      next.call();
    }
  }
}
