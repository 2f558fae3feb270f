import { describe, expect, it } from "vitest";
import { findOccurrences } from "../../../dashboard/contracts/find-occurrences.ts";

describe("the occurrences of a name in the contracts", () => {
  const files = [
    { file: "a.yaml", text: "name: ack\n# ack\nafter: ack_timeout\ntrigger: deadline(ack)\nintent: stock.ack" },
    { file: "b.yaml", text: "x: [pack, ack]" },
  ];

  it("are the lines that have it as a whole word, without comments", () => {
    expect(findOccurrences("ack", files).map(({ file, line }) => `${file}:${line}`)).toEqual([
      "a.yaml:1",
      "a.yaml:4",
      "b.yaml:1",
    ]);
  });

  it("are found for names with special characters", () => {
    expect(findOccurrences("deadline(ack)", files)).toMatchObject([{ line: 4, text: "trigger: deadline(ack)" }]);
    expect(findOccurrences("{env}.x", [{ file: "c", text: 't: "{env}.x"\nu: "{env}.xy"' }])).toMatchObject([
      { line: 1 },
    ]);
  });
});
