import type { Clock } from "../../ports/clock.ts";

const BUCKET_MS = 30_000;

/**
 * Estimates the broker's time from this process's monotonic clock and the smallest recent delay between append and
 * receipt. The estimate is never ahead of the broker: a slow network only makes it late, and deadlines with it.
 */
export class BrokerClock {
  readonly #clock: Clock;
  /** The smallest of this bucket and of the last one that had any. Infinity: there was none. */
  #currentOffsetMs = Number.POSITIVE_INFINITY;
  #previousOffsetMs = Number.POSITIVE_INFINITY;
  #bucketStartMs: number;
  #guessedOffsetMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#bucketStartMs = clock.monotonicMs();
    // Replaced by the store's time, and then by the first record or publish.
    this.#guessedOffsetMs = clock.monotonicMs() - clock.wallMs();
  }

  /**
   * Until the first sample, another machine's clock is a better guess than this machine's, which may be set wrong.
   * @param timeMs ms since the epoch
   */
  guessTime(timeMs: number): void {
    this.#guessedOffsetMs = this.#clock.monotonicMs() - timeMs;
  }

  /**
   * @param receivedAtMs monotonic ms
   * @param brokerTimeMs ms since the epoch
   */
  addSample(receivedAtMs: number, brokerTimeMs: number): void {
    const now = this.#clock.monotonicMs();
    if (now - this.#bucketStartMs > BUCKET_MS) {
      if (this.#currentOffsetMs !== Number.POSITIVE_INFINITY) this.#previousOffsetMs = this.#currentOffsetMs;
      this.#currentOffsetMs = Number.POSITIVE_INFINITY;
      this.#bucketStartMs = now;
    }
    this.#currentOffsetMs = Math.min(this.#currentOffsetMs, receivedAtMs - brokerTimeMs);
  }

  /** Ms since the epoch. */
  nowMs(): number {
    return Math.floor(this.#clock.monotonicMs() - this.#offsetMs());
  }

  #offsetMs(): number {
    const smallestMs = Math.min(this.#currentOffsetMs, this.#previousOffsetMs);
    return smallestMs === Number.POSITIVE_INFINITY ? this.#guessedOffsetMs : smallestMs;
  }
}
