import type { Clock } from "../../ports/clock.ts";

const BUCKET_MS = 30_000;

/**
 * The broker's time, from this process's monotonic clock and the smallest (received - appended) seen lately. It is
 * never ahead of the broker by more than nothing: a delay in the network only makes it late, so a deadline is late too.
 */
export class BrokerClock {
  readonly #clock: Clock;
  #current: number | undefined;
  #previous: number | undefined;
  #bucketSince: number;
  #guess: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#bucketSince = clock.monotonicMs();
    // Until the store, and then the first record or publish, has told better.
    this.#guess = clock.monotonicMs() - clock.wallMs();
  }

  /**
   * Another machine's clock is a better guess than our own, which may have been set wrong.
   * @param timeMs ms since the epoch
   */
  guess(timeMs: number): void {
    this.#guess = this.#clock.monotonicMs() - timeMs;
  }

  /** @param receivedAtMs monotonic ms; @param brokerTimeMs ms since the epoch */
  sample(receivedAtMs: number, brokerTimeMs: number): void {
    const now = this.#clock.monotonicMs();
    if (now - this.#bucketSince > BUCKET_MS) {
      this.#previous = this.#current ?? this.#previous;
      this.#current = undefined;
      this.#bucketSince = now;
    }
    const delta = receivedAtMs - brokerTimeMs;
    if (this.#current === undefined || delta < this.#current) this.#current = delta;
  }

  /** Ms since the epoch. */
  nowMs(): number {
    return Math.floor(this.#clock.monotonicMs() - this.#smallest());
  }

  #smallest(): number {
    if (this.#current === undefined) return this.#previous ?? this.#guess;
    return this.#previous === undefined ? this.#current : Math.min(this.#current, this.#previous);
  }
}
