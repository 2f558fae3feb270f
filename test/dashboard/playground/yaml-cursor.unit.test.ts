import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type JsonSchema, descriptionOf, suggestionsAt } from "../../../dashboard/playground/schema-completion.ts";
import { yamlCursorAt } from "../../../dashboard/playground/yaml-cursor.ts";

const schema = JSON.parse(
  readFileSync(new URL("../../../schemas/contract.schema.json", import.meta.url), "utf8"),
) as JsonSchema;

/** `|` is the cursor. */
const at = (text: string) => yamlCursorAt(text.replace("|", ""), text.indexOf("|"));
const words = (text: string) => suggestionsAt(schema, text.replace("|", ""), at(text)).map(({ word }) => word);

describe("where one writes in YAML", () => {
  it.each([
    ["at the top", "na|", { path: [], word: "na" }],
    ["a value at the top", "node_type: OR|", { path: [], key: "node_type", word: "OR" }],
    ["below a key", "state_machine:\n  in|", { path: ["state_machine"], word: "in" }],
    ["behind a finished part", "attempt:\n  id: x\nstate_machine:\n  |", { path: ["state_machine"], word: "" }],
    [
      "in an item",
      "state_machine:\n  states:\n    - state_name: A\n      te|",
      { path: ["state_machine", "states", "[]"], word: "te" },
    ],
    ["at the beginning of an item", "states:\n  - st|", { path: ["states", "[]"], word: "st" }],
    ["in an item that stands under its key", "states:\n- a: 1\n  |", { path: ["states", "[]"], word: "" }],
    ["deep in an item", "s:\n  - n: A\n    deadline:\n      na|", { path: ["s", "[]", "deadline"], word: "na" }],
    ["behind an item's list", "s:\n  - n: A\n    d:\n      - 1\n    x|", { path: ["s", "[]"], word: "x" }],
    ["in braces", "h:\n  - handler: { na|", { path: ["h", "[]", "handler"], word: "na" }],
    ["a value in braces", "h:\n  - { current_state: A, action: ac|", { path: ["h", "[]"], key: "action", word: "ac" }],
    ["behind braces in braces", "h:\n  - { a: { b: 1 }, c|", { path: ["h", "[]"], word: "c" }],
    [
      "in brackets in braces",
      "h:\n  - { current_state: [A, B|",
      { path: ["h", "[]", "current_state", "[]"], word: "B" },
    ],
    ["in braces over several lines", "h:\n  - {\n      a: 1,\n      na|", { path: ["h", "[]"], word: "na" }],
    ["past a comment", "states: # all of them\n  # one\n  - |", { path: ["states", "[]"], word: "" }],
  ])("%s", (_what, text, place) => expect(at(text)).toEqual(place));
});

describe("what the schema offers there", () => {
  it("is the keys of the kind of contract", () => {
    expect(words("node_type: EFFECT\n|")).toContain("handler_routing");
    expect(words("node_type: EFFECT\n|")).not.toContain("state_machine");
    expect(words("node_type: REDUCER\n|")).toContain("state_machine");
  });

  it("is the keys of a part, through lists and braces", () => {
    expect(words("node_type: ORCHESTRATOR\nstate_machine:\n  states:\n    - |")).toEqual(
      expect.arrayContaining(["state_name", "is_terminal", "deadline"]),
    );
    expect(words("node_type: ORCHESTRATOR\nstate_machine:\n  states:\n    - deadline: { |")).toContain("renewed_by");
  });

  it("is the values of an enumeration, and true and false", () => {
    expect(words("node_type: |")).toContain("ORCHESTRATOR");
    expect(words("node_type: ORCHESTRATOR\nconsumed_events:\n  - { journal: |")).toEqual(["true", "false"]);
  });

  it("says what a key means", () => {
    const text = "node_type: ORCHESTRATOR\nmax_clock_skew";
    expect(descriptionOf(schema, text, yamlCursorAt(text, text.length), "max_clock_skew")).toContain("sender's clock");
  });
});
