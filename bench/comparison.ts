/** What was measured of an engine, by the name of the figure, with its unit in it. */
export type Figures = Readonly<Record<string, number>>;

/** The engines that are compared, measured one after the other. */
export interface Round {
  readonly this: Figures;
  readonly other: Figures;
  /** What both can be held against. */
  readonly baseline: Figures;
}

/** One figure over all rounds: medians, and how much the ratio of `this` to `other` differs from round to round. */
export interface Compared {
  readonly figure: string;
  readonly this: number;
  readonly other: number;
  /** Of the rounds' own ratios, since a machine is not equally fast all day. NaN where `other` has none of it. */
  readonly ratio: number;
  readonly ratioLeast: number;
  readonly ratioMost: number;
  /** NaN where it has no such figure. */
  readonly baseline: number;
  readonly ofBaseline: number;
}

/** @param rounds at least one; figures that one of the two engines lacks are left out */
export function compare(rounds: readonly Round[]): readonly Compared[] {
  const [first] = rounds;
  const names = Object.keys(first?.this ?? {}).filter((name) => first?.other[name] !== undefined);
  return names.map((figure) => {
    const of = (engine: keyof Round): number[] => rounds.map((round) => round[engine][figure] ?? Number.NaN);
    const to = (engine: keyof Round): number[] => of(engine).map((value, at) => ratio(of("this")[at], value));
    return {
      figure,
      this: median(of("this")),
      other: median(of("other")),
      ratio: median(to("other")),
      ratioLeast: Math.min(...to("other")),
      ratioMost: Math.max(...to("other")),
      baseline: median(of("baseline")),
      ofBaseline: median(to("baseline")),
    };
  });
}

const ratio = (value = Number.NaN, to: number): number => (to === 0 ? Number.NaN : value / to);

/** Of an even number, the mean of the two in the middle. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** A line a figure. */
export const comparisonRows = (compared: readonly Compared[]): readonly (readonly string[])[] => [
  ["", "this", "other", "this/other", "of the rounds", "baseline", "this/baseline"],
  ...compared.map((each) => [
    each.figure,
    ...[each.this, each.other, each.ratio].map(shown),
    `${shown(each.ratioLeast)} to ${shown(each.ratioMost)}`,
    ...[each.baseline, each.ofBaseline].map(shown),
  ]),
];

const DIGITS = 3;
const shown = (value: number): string => {
  if (Number.isNaN(value)) return "-";
  return value >= 10 ** DIGITS ? String(Math.round(value)) : String(Number(value.toPrecision(DIGITS)));
};
