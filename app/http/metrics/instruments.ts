import { Counter, type CounterConfiguration, Gauge, Histogram, type Registry } from "prom-client";

type Labels<Label extends string> = Readonly<Record<Label, readonly string[]>>;

/** Makes metrics of a registry, named `rollcall_<name>`. */
export class Instruments {
  readonly #registers: Registry[];

  constructor(registry: Registry) {
    this.#registers = [registry];
  }

  /**
   * @param knownValues of each label. Each begins at 0: `increase()` does not see the first event of a series that
   * begins with it
   */
  counter<Label extends string>(name: string, help: string, knownValues: Labels<Label>): Counter<Label> {
    const labelNames = Object.keys(knownValues) as Label[];
    const made = new Counter({ name: `rollcall_${name}`, help, labelNames, registers: this.#registers });
    for (const label of labelNames)
      for (const value of knownValues[label]) made.inc({ [label]: value } as Record<Label, string>, 0);
    return made;
  }

  /** @param collect sets the values; called at each scrape, after a reset */
  gauge<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    collect?: (gauge: Gauge<Label>) => void | Promise<void>,
  ): Gauge<Label> {
    const gauge: Gauge<Label> = new Gauge({
      name: `rollcall_${name}`,
      help,
      labelNames,
      registers: this.#registers,
      ...(collect && {
        collect() {
          gauge.reset();
          return collect(gauge);
        },
      }),
    });
    return gauge;
  }

  histogram<Label extends string>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: readonly Label[] = [],
  ): Histogram<Label> {
    return new Histogram({ name: `rollcall_${name}`, help, labelNames, buckets, registers: this.#registers });
  }

  /**
   * A counter for what happens several times for every message: prom-client hashes labels at each `inc`, so the counts
   * are added up here and passed on at a scrape.
   */
  hotCounter<Label extends string>(name: string, help: string, labelNames: readonly [Label, Label?]): HotCounter {
    return createHotCounter({ name: `rollcall_${name}`, help, registers: this.#registers }, labelNames);
  }
}

type HotCounter = (first: string, second?: string, count?: number) => void;

function createHotCounter<Label extends string>(
  about: Pick<CounterConfiguration<Label>, "name" | "help" | "registers">,
  labelNames: readonly [Label, Label?],
): HotCounter {
  const pending = new Map<string, Map<string, number>>();
  new Counter({
    ...about,
    labelNames: labelNames.filter((name) => name !== undefined),
    collect() {
      for (const [first, ofFirst] of pending)
        for (const [second, count] of ofFirst)
          this.inc(
            { [labelNames[0]]: first, ...(labelNames[1] && { [labelNames[1]]: second }) } as Record<Label, string>,
            count,
          );
      pending.clear();
    },
  });
  return (first, second = "", count = 1) => {
    let ofFirst = pending.get(first);
    if (!ofFirst) pending.set(first, (ofFirst = new Map()));
    ofFirst.set(second, (ofFirst.get(second) ?? 0) + count);
  };
}
