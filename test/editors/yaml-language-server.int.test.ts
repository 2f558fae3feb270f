import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SHIPPED_CONTRACTS as SHIPPED } from "../../app/modules/shipped.ts";
import { YamlEditor } from "./yaml-editor.ts";

const CURSOR = "|CURSOR|";
const contract = (name: string): string => readFileSync(join(SHIPPED, name), "utf8");
/** A shipped contract with something else in the place of a text that stands in it once. */
function edited(name: string, from: string, to: string): string {
  const text = contract(name);
  if (text.split(from).length !== 2) throw new Error(`${name} has ${JSON.stringify(from)} not once`);
  return text.replace(from, () => to);
}
const lineOf = (text: string, part: string): number => text.slice(0, text.indexOf(part)).split("\n").length - 1;

let editor: YamlEditor;
beforeAll(async () => void (editor = await YamlEditor.open()));
afterAll(() => editor.close());

/** What the server finds in a text, as `line: message`, lines from 0. */
async function problemsIn(text: string): Promise<readonly string[]> {
  const document = await editor.document(SHIPPED, text);
  await expect.poll(() => document.diagnostics(), { timeout: 30_000 }).toBeDefined();
  const problems = document.diagnostics() ?? [];
  await document.close();
  return problems.map(({ range, message }) => `${range.start.line}: ${message}`);
}

async function offered(text: string): Promise<readonly string[]> {
  const document = await editor.document(SHIPPED, text);
  const items = await document.complete();
  await document.close();
  return items.map(({ label }) => label);
}

async function explained(text: string): Promise<string> {
  const document = await editor.document(SHIPPED, text);
  const markdown = await document.hover();
  await document.close();
  return markdown;
}

describe("an editor with yaml-language-server", () => {
  it.each(readdirSync(SHIPPED).filter((name) => name.endsWith(".yaml")))(
    "has nothing to say against %s",
    async (name) => {
      expect(await problemsIn(contract(name))).toEqual([]);
    },
  );

  it("finds the schema by the first line of the file alone", async () => {
    const text = contract("orchestrator.yaml").replace("entity_id: node_id", "entity_ids: node_id");
    expect(await problemsIn(text)).not.toEqual([]);
    expect(await problemsIn(text.replace(/^# yaml-language-server.*\n/, ""))).toEqual([]);
  });

  it.each([
    [
      "at the top of an orchestrator",
      "orchestrator.yaml",
      "max_clock_skew: 5s\n",
      `${CURSOR}\n`,
      ["max_clock_skew", "metadata"],
    ],
    [
      "in a state",
      "orchestrator.yaml",
      "{ state_name: ACCEPTED, description: the acceptance is on its way to the bus }",
      `state_name: ACCEPTED\n      ${CURSOR}`,
      ["deadline", "is_terminal", "is_transient", "description"],
    ],
    [
      "in a deadline",
      "orchestrator.yaml",
      "{ state_name: AWAITING_ACK, deadline: { name: ack, after: 30s } }",
      `state_name: AWAITING_ACK\n      deadline:\n        name: ack\n        ${CURSOR}`,
      ["after", "renewed_by", "renewed_for", "expiry_guard"],
    ],
    [
      "in a transition",
      "orchestrator.yaml",
      "{ from_state: ACK_RECEIVED, trigger: NodeBecameActive, to_state: ACTIVE }",
      `from_state: ACK_RECEIVED\n      ${CURSOR}`,
      ["trigger", "to_state"],
    ],
    [
      "in an effect's defaults",
      "effects.yaml",
      "    timeout: 5s\n",
      `    timeout: 5s\n    ${CURSOR}\n`,
      ["concurrency"],
    ],
    [
      "of an effect alone, in an effect",
      "effects.yaml",
      "domain: registration\n",
      `domain: registration\n${CURSOR}\n`,
      ["metadata"],
    ],
  ] as [string, string, string, string, string[]][])("offers the keys %s", async (_, name, from, to, keys) => {
    const labels = await offered(edited(name, from, to));
    expect(keys.filter((key) => !labels.includes(key))).toEqual([]);
    expect(labels.filter((label) => ["backend", "state_machine", "entity_id"].includes(label))).toEqual([]);
  });

  it("offers the values that a key may have", async () => {
    const values = await offered(edited("orchestrator.yaml", "node_type: ORCHESTRATOR", `node_type: ${CURSOR}`));
    expect(values).toEqual(expect.arrayContaining(["ORCHESTRATOR", "REDUCER", "EFFECT"]));
    expect(await offered(edited("effects.yaml", "execution_mode: parallel", `execution_mode: ${CURSOR}`))).toEqual([
      "parallel",
    ]);
  });

  it.each([
    ["max_clock_skew", "orchestrator.yaml", "max_clock_skew: 5s", `max_clock${CURSOR}_skew: 5s`],
    ["dead_letter_topic", "orchestrator.yaml", "dead_letter_topic:", `dead_letter${CURSOR}_topic:`],
    ["expiry_guard", "orchestrator.yaml", "expiry_guard:", `expiry${CURSOR}_guard:`],
    ["renewed_for", "orchestrator.yaml", "renewed_for:", `renewed${CURSOR}_for:`],
    ["partial_failure_handling", "effects.yaml", "partial_failure_handling:", `partial${CURSOR}_failure_handling:`],
    ["compensated_by", "effects.yaml", "compensated_by:", `compensated${CURSOR}_by:`],
  ])("explains %s in the words of the schema", async (key, name, from, to) => {
    const help = descriptionsOf(key);
    expect(help).toHaveLength(1);
    // Markdown: what could be taken for a mark has a backslash before it.
    expect((await explained(edited(name, from, to))).replaceAll("\\", "").replace(/\s+/g, " ")).toContain(help[0]);
  });

  it.each([
    ["a wrong key", "orchestrator.yaml", "renewed_for: 30s", "renewd_for: 30s", /Property renewd_for is not allowed/],
    [
      "a key at the wrong place",
      "orchestrator.yaml",
      "max_clock_skew: 5s",
      "max_clock_skew: 5s\nbackend: consul",
      /Property backend is not allowed/,
    ],
    [
      "a value of the wrong type",
      "orchestrator.yaml",
      "is_transient: true",
      "is_transient: maybe",
      /Incorrect type. Expected "boolean"/,
    ],
    [
      "a duration without its unit",
      "orchestrator.yaml",
      "max_clock_skew: 5s",
      'max_clock_skew: "5"',
      /does not match the pattern/,
    ],
    ["a number out of range", "orchestrator.yaml", "max_ratio: 0.3", "max_ratio: 3", /maximum/],
    [
      "a value that is none of the known ones",
      "effects.yaml",
      "execution_mode: parallel",
      "execution_mode: serial",
      /Value must be "?parallel|Value is not accepted/,
    ],
    [
      "a missing key",
      "orchestrator.yaml",
      "{ state_name: REJECTED, is_terminal: true }",
      "{ is_terminal: true }",
      /Missing property "state_name"/,
    ],
  ] as [string, string, string, string, RegExp][])("marks %s, where it stands", async (_, name, from, to, message) => {
    const text = edited(name, from, to);
    const line = lineOf(text, to.split("\n").at(-1) ?? "");
    const problems = await problemsIn(text);
    expect(problems.map((problem) => Number.parseInt(problem))).toEqual([line]);
    expect(problems[0]).toMatch(message);
  });
});

/** The schema's description of keys of this name. */
function descriptionsOf(key: string): readonly string[] {
  const found = new Set<string>();
  const look = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const { properties } = value as { properties?: Record<string, { description?: string }> };
    const description = properties && Object.hasOwn(properties, key) ? properties[key]?.description : undefined;
    if (description !== undefined) found.add(description);
    Object.values(value).forEach(look);
  };
  look(JSON.parse(readFileSync(join(SHIPPED, "../../schemas/contract.schema.json"), "utf8")));
  return [...found];
}
