import type { Clock } from "../../runtime/ports/clock.ts";

interface Timer {
  readonly dueAtMs: number;
  readonly call: () => void;
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #nowMs = 0;
  /** What the machine's clock shows; a test may set it back. */
  wallAtMs = Date.parse("2026-01-01T00:00:00Z");
  readonly #timers = new Set<Timer>();

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.wallAtMs;
  }

  after(delayMs: number, call: () => void): () => void {
    const timer = { dueAtMs: this.#nowMs + delayMs, call };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  afterIo(): Promise<void> {
    return Promise.resolve();
  }

  random(): number {
    return 0.5;
  }

  /** Jumps: timers that became due meanwhile fire late, in order. */
  pass(ms: number): void {
    this.#moveTo(this.#nowMs + ms);
    for (let next = this.#nextUntil(this.#nowMs); next; next = this.#nextUntil(this.#nowMs)) this.#call(next);
  }

  /** Steps: timers fire at their time, and promises settle in between. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settled();
    for (let next = this.#nextUntil(untilMs); next; next = this.#nextUntil(untilMs)) {
      this.#moveTo(Math.max(this.#nowMs, next.dueAtMs));
      this.#call(next);
      await settled();
    }
    this.#moveTo(untilMs);
    await settled();
  }

  #moveTo(ms: number): void {
    this.wallAtMs += ms - this.#nowMs;
    this.#nowMs = ms;
  }

  #nextUntil(untilMs: number): Timer | undefined {
    const due = [...this.#timers].filter(({ dueAtMs }) => dueAtMs <= untilMs);
    return due.sort((a, b) => a.dueAtMs - b.dueAtMs)[0];
  }

  #call(timer: Timer): void {
    this.#timers.delete(timer);
    timer.call();
  }
}

/** Enough rounds for chains of promises to settle. */
async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
