import { Counter, Gauge, Histogram, type LabelValues, type Registry } from "prom-client";

type Labels<Label extends string> = Readonly<Record<Label, readonly string[]>>;
type HotCounter = (first: string, second?: string, count?: number) => void;

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

  /** Counts calls: its argument has each label's value under the label's name, as events of the shell do. */
  eventCounter<Label extends string>(
    name: string,
    help: string,
    knownValues: Labels<Label>,
  ): (event: Readonly<Record<Label, string>>) => void {
    const counter = this.counter(name, help, knownValues);
    const labelNames = Object.keys(knownValues) as Label[];
    return (event) =>
      counter.inc(Object.fromEntries(labelNames.map((label) => [label, event[label]])) as Record<Label, string>);
  }
