import { describe, expect, it } from "vitest";
import { compare, comparisonRows, type Figures, type Round } from "../../bench/comparison.ts";

const round = (mine: Figures, other: Figures, baseline: Figures = {}): Round => ({ this: mine, other, baseline });

describe("two engines beside each other", () => {
  it("are compared by the median of each round's own ratio, not by the ratio of medians", () => {
    // In the second round the machine was at half of its speed.
    const rounds = [[800, 400] as const, [300, 200] as const, [900, 500] as const].map(([mine, other]) =>
      round({ rate: mine }, { rate: other }),
    );
    expect(compare(rounds)).toEqual([
      {
        ...{ figure: "rate", this: 800, other: 400, baseline: Number.NaN, ofBaseline: Number.NaN },
        ...{ ratio: 1.8, ratioLeast: 1.5, ratioMost: 2 },
      },
    ]);
  });

  it("are held against the baseline, as far as it has the figure", () => {
    const both = { rate: 600, rows: 9 };
    expect(compare([round(both, both, { rate: 2_400 })])).toMatchObject([
      { figure: "rate", baseline: 2_400, ofBaseline: 0.25 },
      { figure: "rows", baseline: Number.NaN, ofBaseline: Number.NaN },
    ]);
  });

  it("have the mean of the two rounds in the middle for a median, when their number is even", () => {
    const rounds = [4, 1, 2, 100].map((ms) => round({ ms }, { ms: 1 }));
    expect(compare(rounds)).toMatchObject([{ this: 3, ratio: 3, ratioLeast: 1, ratioMost: 100 }]);
  });

  it("are compared in what both of them have, and not where the other has nothing of it", () => {
    expect(compare([round({ rows: 5, mine: 1 }, { rows: 0, theirs: 1 })])).toMatchObject([
      { figure: "rows", this: 5, other: 0, ratio: Number.NaN },
    ]);
  });
});

it("the table shows three digits, whole numbers above a thousand, and a dash for what is unknown", () => {
  const rows = comparisonRows(compare([round({ rate: 1_471.4, cpu: 0.123_4 }, { rate: 735.7, cpu: 0 })]));
  expect(rows.slice(1)).toEqual([
    ["rate", "1471", "736", "2", "2 to 2", "-", "-"],
    ["cpu", "0.123", "0", "-", "- to -", "-", "-"],
  ]);
});
