import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type JsonSchema, descriptionOf, suggestionsAt } from "../../../dashboard/playground/schema-completion.ts";
import { yamlCursorAt } from "../../../dashboard/playground/yaml-cursor.ts";

const schema = JSON.parse(
  readFileSync(new URL("../../../schemas/contract.schema.json", import.meta.url), "utf8"),
) as JsonSchema;

/** The words suggested at the cursor, which is `|` in the text. */
function words(marked: string): readonly string[] {
  const text = marked.replace("|", "");
  return suggestionsAt(schema, text, yamlCursorAt(text, marked.indexOf("|"))).map(({ word }) => word);
}

describe("the suggestions at the cursor", () => {
  it("are the keys of the kind of contract", () => {
    expect(words("node_type: EFFECT\n|")).toContain("handler_routing");
    expect(words("node_type: EFFECT\n|")).not.toContain("state_machine");
    expect(words("node_type: REDUCER\n|")).toContain("state_machine");
  });

  it("are the keys of a part, in lists and braces too", () => {
    expect(words("node_type: ORCHESTRATOR\nstate_machine:\n  states:\n    - |")).toEqual(
      expect.arrayContaining(["state_name", "is_terminal", "deadline"]),
    );
    expect(words("node_type: ORCHESTRATOR\nstate_machine:\n  states:\n    - deadline: { |")).toContain("renewed_by");
  });

  it("are the values of an enumeration, and true and false", () => {
    expect(words("node_type: |")).toContain("ORCHESTRATOR");
    expect(words("node_type: ORCHESTRATOR\nconsumed_events:\n  - { journal: |")).toEqual(["true", "false"]);
  });
});

it("a key has the description of the schema", () => {
  const text = "node_type: ORCHESTRATOR\nmax_clock_skew";
  expect(descriptionOf(schema, text, yamlCursorAt(text, text.length), "max_clock_skew")).toContain("sender's clock");
});
