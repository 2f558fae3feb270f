/** Counts since the start of the process, by type. The contract bounds the types. */
type CountByType = Readonly<Record<string, number>>;

export interface Totals {
  /** Messages processed. */
  readonly messages: CountByType;
  /** Events journaled. */
  readonly events: CountByType;
  readonly dead_letters: number;
}

interface Sample {
  readonly atMs: number;
  readonly totals: Totals;
  /** Entities by state, in the order of the states; null: the store could not be asked. */
  readonly entities: number[] | null;
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

  /** For each sample its time, the entities, and the rates per second since the sample before. */
  series() {
    const steps = this.#samples.map((sample, index) => perSecond(this.#samples[index - 1] ?? sample, sample));
    const series = (kind: "messages" | "events"): Record<string, number[]> =>
      Object.fromEntries(
        Object.keys(steps.at(-1)?.[kind] ?? {}).map((type) => [type, steps.map((rates) => rates[kind][type] ?? 0)]),
      );
    return {
      at: this.#samples.map(({ atMs }) => new Date(atMs).toISOString()),
      entities: this.#samples.map(({ entities }) => entities),
      messages: series("messages"),
      events: series("events"),
      dead_letters: steps.map(({ dead_letters }) => dead_letters),
    };
  }

  /** Per second, since the oldest sample of the last `windowMs`. */
  rates(now: TimedTotals, windowMs: number): Totals {
    const from = this.#samples.find(({ atMs }) => atMs >= now.atMs - windowMs);
    return perSecond(from ?? now, now);
  }
}

type TimedTotals = Pick<Sample, "atMs" | "totals">;

function perSecond(from: TimedTotals, to: TimedTotals): Totals {
  const seconds = (to.atMs - from.atMs) / 1_000;
  const rate = (before: number, after: number): number =>
    seconds > 0 ? Math.round(((after - before) / seconds) * 1_000) / 1_000 : 0;
  const rates = (kind: "messages" | "events"): CountByType =>
    Object.fromEntries(
      Object.entries(to.totals[kind]).map(([type, count]) => [type, rate(from.totals[kind][type] ?? 0, count)]),
    );
  return {
    messages: rates("messages"),
    events: rates("events"),
    dead_letters: rate(from.totals.dead_letters, to.totals.dead_letters),
  };
}
