/** Counts since the start of the process. */
export interface Totals {
  readonly introspections: number;
  readonly activations: number;
  readonly expiries: number;
  readonly dead_letters: number;
}
export const ZERO_TOTALS: Totals = { introspections: 0, activations: 0, expiries: 0, dead_letters: 0 };

interface Sample {
  readonly atMs: number;
  readonly totals: Totals;
  /** Nodes by state, in the order of the states; null: the store could not be asked. */
  readonly nodes: number[] | null;
}

/** For each sample its time, the nodes, and the rates per second since the sample before. */
export interface HistorySeries {
  readonly at: string[];
  readonly nodes: (number[] | null)[];
  readonly introspections: number[];
  readonly activations: number[];
  readonly expiries: number[];
  readonly dead_letters: number[];
}

/** The last samples of this process, in memory. */
export class OverviewHistory {
  readonly #size: number;
  #samples: Sample[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  add(sample: Sample): void {
    this.#samples.push(sample);
    if (this.#samples.length > this.#size) this.#samples = this.#samples.slice(-this.#size);
  }

  series(): HistorySeries {
    const steps = this.#samples.map((sample, index) => perSecond(this.#samples[index - 1] ?? sample, sample));
    return {
      at: this.#samples.map(({ atMs }) => new Date(atMs).toISOString()),
      nodes: this.#samples.map(({ nodes }) => nodes),
      introspections: steps.map(({ introspections }) => introspections),
      activations: steps.map(({ activations }) => activations),
      expiries: steps.map(({ expiries }) => expiries),
      dead_letters: steps.map(({ dead_letters }) => dead_letters),
    };
  }

  /** Per second, since the oldest sample of the last `windowMs`. */
  rates(now: { readonly atMs: number; readonly totals: Totals }, windowMs: number): Totals {
    const from = this.#samples.find(({ atMs }) => atMs >= now.atMs - windowMs);
    return from ? perSecond(from, now) : ZERO_TOTALS;
  }
}

type TimedTotals = Pick<Sample, "atMs" | "totals">;

function perSecond(from: TimedTotals, to: TimedTotals): Totals {
  const seconds = (to.atMs - from.atMs) / 1_000;
  const rate = (name: keyof Totals): number =>
    seconds > 0 ? Math.round(((to.totals[name] - from.totals[name]) / seconds) * 1_000) / 1_000 : 0;
  return {
    introspections: rate("introspections"),
    activations: rate("activations"),
    expiries: rate("expiries"),
    dead_letters: rate("dead_letters"),
  };
}
