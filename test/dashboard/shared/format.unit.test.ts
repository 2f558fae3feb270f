import { describe, expect, it } from "vitest";
import { formatDuration, formatMeasuredMs, formatNumber } from "../../../dashboard/shared/format.ts";

describe("times and numbers", () => {
  it.each([
    [-5, "0 s"],
    [999, "0 s"],
    [59_999, "59 s"],
    [60_000, "1 min"],
    [185_000, "3 min 5 s"],
    [7_260_000, "2 h 1 min"],
    [90_000_000, "1 d 1 h"],
  ])("a duration of %d ms is %s", (ms, text) => expect(formatDuration(ms)).toBe(text));

  it.each([
    [null, "–"],
    [0.44, "0.4 ms"],
    [122.4, "122 ms"],
    [1_344, "1.34 s"],
    [71_000, "1 min 11 s"],
  ])("a measured time of %d ms is %s", (ms, text) => expect(formatMeasuredMs(ms)).toBe(text));

  it("a number has fewer decimals the larger it is", () =>
    expect([0, 0.054, 3.21, 12_500.4].map(formatNumber)).toEqual(["0", "0.05", "3.2", "12,500"]));
});
