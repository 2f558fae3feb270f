import { describe, expect, it } from "vitest";
import { checkDomain } from "../../../runtime/contract/checks/validate.ts";
import { type Edit, diagnosed, editedModel, shown, shippedCode, texts } from "./registration/edited.ts";
import { ALL_MISTAKES } from "./registration/mistakes/all.ts";

/**
 * What this feature reports of contracts.md's table: all that concerns the contracts of a domain together but RC206.
 */
const CODES = [
  ...["RC101", "RC102", "RC103", "RC104", "RC105", "RC106", "RC107", "RC108", "RC109", "RC110", "RC112"],
  ...["RC201", "RC202", "RC203", "RC204", "RC205", "RC207", "RC301"],
];

const FOUND = ALL_MISTAKES.map((made) => ({
  ...made,
  diagnostics: diagnosed(made.edits, made.code?.(shippedCode())),
}));

const linesOf = (edits: readonly Edit[]): ReadonlyMap<string, readonly string[]> =>
  new Map(texts(...edits).map(({ file, text }) => [file, text.split("\n")]));

describe("checkDomain", () => {
  it("has nothing to say about the shipped contracts and their code", () => {
    expect(checkDomain(editedModel())).toEqual([]);
  });

  it.each(FOUND)("reports $mistake", ({ edits, diagnostics, gives, says, suggestion, related }) => {
    expect(diagnostics.map(shown)).toEqual(gives);
    const said = diagnostics.find(({ message }) => message.includes(says));
    expect(said, diagnostics.map(({ message }) => message).join("\n")).toBeDefined();
    if (suggestion !== undefined) expect(said?.suggestion).toBe(suggestion);
    if (related === undefined) return;
    const others = said?.related?.map(
      ({ file, line }) => `${file}: ${linesOf(edits).get(file)?.[line - 1]?.trim() ?? ""}`,
    );
    expect(others).toEqual(related);
  });

  it("has a fixture for each code of its table", () => {
    const codes = ALL_MISTAKES.flatMap(({ gives }) => gives.map((each) => each.slice(0, 5)));
    expect(CODES.filter((code) => !codes.includes(code))).toEqual([]);
    expect(codes.filter((code) => !CODES.includes(code))).toEqual([]);
  });

  it.each(FOUND)("gives line and column of $mistake", ({ edits, diagnostics }) => {
    const lines = linesOf(edits);
    for (const { file, line, column, width, excerpt } of diagnostics) {
      expect(lines.get(file)?.[line - 1]).toBe(excerpt);
      expect(excerpt.slice(column - 1, column - 1 + width)).toMatch(/^\S(.*\S)?$/);
    }
  });

  it("warns of what may wait for ever, and calls everything else an error", () => {
    for (const { code, severity } of FOUND.flatMap(({ diagnostics }) => diagnostics))
      expect(severity).toBe(code === "RC301" ? "warning" : "error");
  });
});
