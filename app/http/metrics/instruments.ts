import { Counter, Gauge, Histogram, type Registry } from "prom-client";

type Labels = Readonly<Record<string, string>>;
type Collect = (set: (value: number, labels?: Labels) => void) => void | Promise<void>;

/** Bounds of a request's time, of routes and of gateways' calls. */
export const REQUEST_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30];

/** Makes metrics that have a `domain` label, each for one domain. */
export type Instruments = ReturnType<MetricsRegistry["ofDomain"]>;

/**
 * The metrics of a process, named `rollcall_<name>`. Domains that measure the same share the metric, so that a registry
 * has each name once.
 */
export class MetricsRegistry {
  readonly #registry: Registry;
  readonly #histograms = new Map<string, Histogram>();
  readonly #counters = new Map<string, PendingCounts[]>();
  readonly #gauges = new Map<string, Collect[]>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** Of the process itself: without the label. */
  ofProcess() {
    return this.#instruments({});
  }

  ofDomain(domain: string) {
    return this.#instruments({ domain });
  }

  ofGateway(gateway: string) {
    return this.#instruments({ gateway });
  }

  #instruments(own: Labels) {
    return {
      histogram: (name: string, help: string, buckets: number[], labelNames: readonly string[] = []) => {
        const made = this.#histogram(this.#describe(name, help, own, labelNames), buckets);
        if (labelNames.length === 0) made.zero({ ...own });
        return {
          observe: (value: number, labels: Labels = {}) => made.observe({ ...own, ...labels }, value),
          /** Begins a series, so that its first value is seen as an increase. */
          zero: (labels: Labels) => made.zero({ ...own, ...labels }),
        };
      },
      /** @param collect sets the values; called at each scrape, after a reset */
      gauge: (name: string, help: string, labelNames: readonly string[], collect: Collect) =>
        this.#gauge(this.#describe(name, help, own, labelNames), (set) =>
          collect((value, labels) => set(value, { ...own, ...labels })),
        ),
      /**
       * Has at most two labels of its own.
       * @param known values of the first label. Each begins at 0: `increase()` does not see the first event of a series
       * that begins with it
       */
      counter: (name: string, help: string, labelNames: readonly string[] = [], known: Iterable<string> = []) => {
        const counts = new PendingCounts(own, labelNames);
        this.#counter(this.#describe(name, help, own, labelNames)).push(counts);
        for (const value of labelNames.length === 0 ? [""] : known) counts.add(value, "", 0);
        return (first = "", second = "", count = 1): void => counts.add(first, second, count);
      },
    };
  }

  #describe(name: string, help: string, own: Labels, labelNames: readonly string[]) {
    return {
      name: `rollcall_${name}`,
      help,
      labelNames: [...Object.keys(own), ...labelNames],
      registers: [this.#registry],
    };
  }

  #histogram(description: Description, buckets: number[]): Histogram {
    const made = this.#histograms.get(description.name) ?? new Histogram({ ...description, buckets });
    this.#histograms.set(description.name, made);
    return made;
  }

  #gauge(description: Description, collect: Collect): void {
    const collects = this.#gauges.get(description.name);
    if (collects) return void collects.push(collect);
    const all = [collect];
    this.#gauges.set(description.name, all);
    new Gauge({
      ...description,
      async collect() {
        this.reset();
        await Promise.all(all.map((each) => each((value, labels = {}) => this.set(labels, value))));
      },
    });
  }

  #counter(description: Description): PendingCounts[] {
    const known = this.#counters.get(description.name);
    if (known) return known;
    const pending: PendingCounts[] = [];
    new Counter({
      ...description,
      collect() {
        for (const counts of pending) counts.flushTo(this);
      },
    });
    this.#counters.set(description.name, pending);
    return pending;
  }
}

interface Description {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
  readonly registers: Registry[];
}

/**
 * Counts are added up here and passed on at a scrape: prom-client hashes labels at each `inc`, and some counters count
 * several times for every message.
 */
class PendingCounts {
  readonly #own: Labels;
  readonly #labelNames: readonly string[];
  readonly #counts = new Map<string, Map<string, number>>();

  constructor(own: Labels, labelNames: readonly string[]) {
    this.#own = own;
    this.#labelNames = labelNames;
  }

  add(first: string, second: string, count: number): void {
    let ofFirst = this.#counts.get(first);
    if (!ofFirst) this.#counts.set(first, (ofFirst = new Map()));
    ofFirst.set(second, (ofFirst.get(second) ?? 0) + count);
  }

  flushTo(counter: Counter): void {
    for (const [first, ofFirst] of this.#counts)
      for (const [second, count] of ofFirst) {
        const values = [first, second];
        const labels = Object.fromEntries(this.#labelNames.map((name, index) => [name, values[index] ?? ""]));
        counter.inc({ ...this.#own, ...labels }, count);
      }
    this.#counts.clear();
  }
}
