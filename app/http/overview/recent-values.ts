export interface Percentiles {
  readonly count: number;
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
  readonly max_ms: number | null;
}

/** The values of the last `windowMs`, at most the newest `size` of them. */
export class RecentValues {
  readonly #size: number;
  readonly #windowMs: number;
  readonly #atMs: Float64Array;
  readonly #values: Float64Array;
  #count = 0;

  constructor({ size, windowMs }: { readonly size: number; readonly windowMs: number }) {
    this.#size = size;
    this.#windowMs = windowMs;
    this.#atMs = new Float64Array(size);
    this.#values = new Float64Array(size);
  }

  add(value: number, atMs: number): void {
    const slot = this.#count++ % this.#size;
    this.#atMs[slot] = atMs;
    this.#values[slot] = value;
  }

  /** By the nearest rank: each percentile is one of the values. */
  percentiles(nowMs: number): Percentiles {
    const kept = Math.min(this.#count, this.#size);
    const sorted = this.#values
      .subarray(0, kept)
      .filter((_, place) => (this.#atMs[place] as number) >= nowMs - this.#windowMs)
      .sort();
    const rank = (share: number): number | null => sorted[Math.ceil(share * sorted.length) - 1] ?? null;
    return { count: sorted.length, p50_ms: rank(0.5), p99_ms: rank(0.99), max_ms: rank(1) };
  }
}
