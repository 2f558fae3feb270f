const RATE_NAMES = ["introspections", "activations", "expiries", "dead_letters"] as const;
type RateName = (typeof RATE_NAMES)[number];

export const byRateName = <Value>(valueOf: (name: RateName) => Value): Record<RateName, Value> =>
  Object.fromEntries(RATE_NAMES.map((name) => [name, valueOf(name)])) as Record<RateName, Value>;

/** Counts since the start of the process. */
export type Totals = Readonly<Record<RateName, number>>;

interface Sample {
  readonly atMs: number;
  readonly totals: Totals;
  /** Nodes by state, in the order of the states; null: the store could not be asked. */
  readonly nodes: number[] | null;
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

  /** For each sample its time, the nodes, and the rates per second since the sample before. */
  series() {
    const steps = this.#samples.map((sample, index) => perSecond(this.#samples[index - 1] ?? sample, sample));
    return {
      at: this.#samples.map(({ atMs }) => new Date(atMs).toISOString()),
      nodes: this.#samples.map(({ nodes }) => nodes),
      ...byRateName((name) => steps.map((rates) => rates[name])),
    };
  }

  /** Per second, since the oldest sample of the last `windowMs`. */
  rates(now: { readonly atMs: number; readonly totals: Totals }, windowMs: number): Totals {
    const from = this.#samples.find(({ atMs }) => atMs >= now.atMs - windowMs);
    return perSecond(from ?? now, now);
  }
}

type TimedTotals = Pick<Sample, "atMs" | "totals">;

function perSecond(from: TimedTotals, to: TimedTotals): Totals {
  const seconds = (to.atMs - from.atMs) / 1_000;
  return byRateName((name) =>
    seconds > 0 ? Math.round(((to.totals[name] - from.totals[name]) / seconds) * 1_000) / 1_000 : 0,
  );
}
