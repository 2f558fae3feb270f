import fc from "fast-check";
import { expect, it } from "vitest";
import { lineDiff } from "../../../dashboard/contracts/line-diff.ts";

const shown = (before: string, after: string) =>
  lineDiff(before, after).map(
    ({ kind, text, oldNumber: old, newNumber: now }) => `${kind} ${old ?? "-"} ${now ?? "-"} ${text}`,
  );

it("has removed and added lines, with the line numbers in both texts", () => {
  expect(shown("a\nb\nc", "a\nB\nc\nd")).toEqual([
    "same 1 1 a",
    "removed 2 - b",
    "added - 2 B",
    "same 3 3 c",
    "added - 4 d",
  ]);
});

it("is empty for equal texts", () => expect(lineDiff("a\nb", "a\nb")).toEqual([]));

it("leaves out lines that are far from any change", () => {
  const lines = Array.from({ length: 40 }, (_, index) => `line ${index}`);
  const after = lines.with(20, "changed").join("\n");
  const kinds = lineDiff(lines.join("\n"), after).map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === "skipped")).toHaveLength(2);
  expect(kinds.filter((kind) => kind === "same")).toHaveLength(6);
});

it("leads from one text to the other, for any two texts", () => {
  const text = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 8 });
  fc.assert(
    fc.property(text, text, (before, after) => {
      const lines = lineDiff(before.join("\n"), after.join("\n"));
      if (lines.length === 0) return void expect(before.join("\n")).toBe(after.join("\n"));
      for (const { kind, text: line, oldNumber: old, newNumber: now } of lines) {
        if (kind === "same" || kind === "removed")
          expect((before.length > 0 ? before : [""])[(old ?? 0) - 1]).toBe(line);
        if (kind === "same" || kind === "added") expect((after.length > 0 ? after : [""])[(now ?? 0) - 1]).toBe(line);
      }
      const count = (kind: string) => lines.filter((line) => line.kind === kind).length;
      expect(Math.max(after.length, 1) - Math.max(before.length, 1)).toBe(count("added") - count("removed"));
    }),
  );
});
