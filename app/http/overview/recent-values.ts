/** The values of the last `windowMs`, at most the newest `size` of them. */
export class RecentValues {
  readonly #window: { readonly size: number; readonly windowMs: number };
  readonly #values: { readonly value: number; readonly atMs: number }[] = [];
  #count = 0;

  constructor(window: { readonly size: number; readonly windowMs: number }) {
    this.#window = window;
  }

  add(value: number, atMs: number): void {
    this.#values[this.#count++ % this.#window.size] = { value, atMs };
  }

  /** By the nearest rank: each percentile is one of the values. */
  percentiles(nowMs: number) {
    const recent = this.#values.filter(({ atMs }) => atMs >= nowMs - this.#window.windowMs);
    const sorted = recent.map(({ value }) => value).sort((a, b) => a - b);
    const rank = (share: number): number | null => sorted[Math.ceil(share * sorted.length) - 1] ?? null;
    return { count: sorted.length, p50_ms: rank(0.5), p99_ms: rank(0.99), max_ms: rank(1) };
  }
}
