import type { EffectSpec } from "../../core/domain.ts";
import type { Clock } from "../../ports/clock.ts";

/**
 * Opens after `failureThreshold` failed calls in a row, and then refuses calls to the backend. After `resetTimeoutMs`
 * one call may probe it; the result closes the breaker or keeps it open.
 */
export class CircuitBreaker {
  readonly #clock: Clock;
  readonly #limits: EffectSpec["breaker"];
  readonly #onChange: () => void;
  #failures = 0;
  /** When it last began to refuse calls. */
  #openedAtMs: number | undefined;
  #openedFirstMs = 0;
  #isProbing = false;
  #lastError = "";

  constructor(clock: Clock, limits: EffectSpec["breaker"], onChange: () => void) {
    this.#clock = clock;
    this.#limits = limits;
    this.#onChange = onChange;
  }

  /** For how long it has been open, in ms; undefined: it is closed. */
  get openForMs(): number | undefined {
    return this.#openedAtMs === undefined ? undefined : this.#clock.monotonicMs() - this.#openedFirstMs;
  }

  /** Of the call that failed last. */
  get lastError(): string {
    return this.#lastError;
  }

  get isOpen(): boolean {
    return this.#openedAtMs !== undefined;
  }

  /** Whether a call may be made now. Its result must be recorded. */
  allowsCall(): boolean {
    if (this.#openedAtMs === undefined) return true;
    if (this.#isProbing || this.#clock.monotonicMs() - this.#openedAtMs < this.#limits.resetTimeoutMs) return false;
    this.#isProbing = true;
    return true;
  }

  /** The call's result says nothing of the backend: another one may probe it. */
  recordNothing(): void {
    this.#isProbing = false;
  }

  recordSuccess(): void {
    const wasOpen = this.#openedAtMs !== undefined;
    // A call that began before the breaker opened is not the probe.
    if (wasOpen && !this.#isProbing) return;
    this.#failures = 0;
    this.#isProbing = false;
    this.#openedAtMs = undefined;
    if (wasOpen) this.#onChange();
  }

  recordFailure(error = ""): void {
    this.#failures++;
    this.#lastError = error;
    if (this.#openedAtMs !== undefined) {
      if (!this.#isProbing) return;
      this.#isProbing = false;
      this.#openedAtMs = this.#clock.monotonicMs();
    } else if (this.#failures >= this.#limits.failureThreshold) {
      this.#openedAtMs = this.#openedFirstMs = this.#clock.monotonicMs();
      this.#onChange();
    }
  }
}
