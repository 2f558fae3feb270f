import { Counter, Gauge, Histogram, type Registry } from "prom-client";

export type Instruments = ReturnType<typeof createInstruments>;

/** Makes metrics of a registry, named `rollcall_<name>`. */
export function createInstruments(registry: Registry) {
  const describe = (name: string, help: string, labelNames: readonly string[]) => ({
    name: `rollcall_${name}`,
    help,
    labelNames,
    registers: [registry],
  });

  const histogram = (name: string, help: string, buckets: number[], labelNames: readonly string[] = []) =>
    new Histogram({ ...describe(name, help, labelNames), buckets });

  /** @param collect sets the values; called at each scrape, after a reset */
  const gauge = (
    name: string,
    help: string,
    labelNames: readonly string[],
    collect: (gauge: Gauge) => void | Promise<void>,
  ) =>
    new Gauge({
      ...describe(name, help, labelNames),
      collect() {
        this.reset();
        return collect(this);
      },
    });

  /**
   * Has at most two labels. Counts are added up here and passed on at a scrape: prom-client hashes labels at each
   * `inc`, and some counters count several times for every message.
   * @param known values of the first label. Each begins at 0: `increase()` does not see the first event of a series
   * that begins with it
   */
  const counter = (name: string, help: string, labelNames: readonly string[] = [], known: Iterable<string> = []) => {
    const pending = new Map<string, Map<string, number>>();
    new Counter({
      ...describe(name, help, labelNames),
      collect() {
        for (const [first, ofFirst] of pending)
          for (const [second, count] of ofFirst) this.labels(...[first, second].slice(0, labelNames.length)).inc(count);
        pending.clear();
      },
    });
    const add = (first = "", second = "", count = 1): void => {
      let ofFirst = pending.get(first);
      if (!ofFirst) pending.set(first, (ofFirst = new Map()));
      ofFirst.set(second, (ofFirst.get(second) ?? 0) + count);
    };
    for (const value of known) add(value, "", 0);
    return add;
  };

  return { histogram, gauge, counter };
}
