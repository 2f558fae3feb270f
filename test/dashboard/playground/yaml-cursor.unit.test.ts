import { describe, expect, it } from "vitest";
import { yamlCursorAt } from "../../../dashboard/playground/yaml-cursor.ts";

/** `|` is the cursor. */
const at = (text: string) => yamlCursorAt(text.replace("|", ""), text.indexOf("|"));

describe("the position of the cursor in YAML", () => {
  it.each([
    ["at the top", "na|", { path: [], word: "na" }],
    ["a value at the top", "node_type: OR|", { path: [], key: "node_type", word: "OR" }],
    ["below a key", "state_machine:\n  in|", { path: ["state_machine"], word: "in" }],
    ["after a finished part", "attempt:\n  id: x\nstate_machine:\n  |", { path: ["state_machine"], word: "" }],
    [
      "in an item",
      "state_machine:\n  states:\n    - state_name: A\n      te|",
      { path: ["state_machine", "states", "[]"], word: "te" },
    ],
    ["at the beginning of an item", "states:\n  - st|", { path: ["states", "[]"], word: "st" }],
    ["in an item at the column of its key", "states:\n- a: 1\n  |", { path: ["states", "[]"], word: "" }],
    [
      "in a mapping in an item",
      "s:\n  - n: A\n    deadline:\n      na|",
      { path: ["s", "[]", "deadline"], word: "na" },
    ],
    ["after the list of an item", "s:\n  - n: A\n    d:\n      - 1\n    x|", { path: ["s", "[]"], word: "x" }],
    ["in braces", "h:\n  - handler: { na|", { path: ["h", "[]", "handler"], word: "na" }],
    ["a value in braces", "h:\n  - { current_state: A, action: ac|", { path: ["h", "[]"], key: "action", word: "ac" }],
    ["after braces in braces", "h:\n  - { a: { b: 1 }, c|", { path: ["h", "[]"], word: "c" }],
    [
      "in brackets in braces",
      "h:\n  - { current_state: [A, B|",
      { path: ["h", "[]", "current_state", "[]"], word: "B" },
    ],
    ["in braces over several lines", "h:\n  - {\n      a: 1,\n      na|", { path: ["h", "[]"], word: "na" }],
    ["after a comment", "states: # all of them\n  # one\n  - |", { path: ["states", "[]"], word: "" }],
  ])("%s", (_what, text, place) => expect(at(text)).toEqual(place));
});
