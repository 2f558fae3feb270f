import { expect, it } from "vitest";
import { diagnosed } from "./registration/edited.ts";
import { reducer } from "./registration/mistakes/mistake.ts";

const SHIPPED =
  "    - { from_state: complete, trigger: activated, to_state: complete, actions: " +
  "[emit_consul_status, emit_postgres_status] }";

/** What is said of two transitions with these conditions from one state on one trigger (NodeBecameActive's). */
function together(one: string, other: string): readonly string[] {
  const conditions = (expression: string) =>
    expression === "" ? "" : `conditions: [{ expression: "${expression}" }], `;
  const first = SHIPPED.replace("actions:", `${conditions(one)}actions:`);
  const second = `    - { from_state: complete, trigger: activated, ${conditions(other)}to_state: complete }`;
  return diagnosed([reducer(SHIPPED, `${first}\n${second}`)]).map(({ code, message }) => `${code} ${message}`);
}

it.each([
  ["unconfirmed > 0", "unconfirmed == 0"],
  ["unconfirmed >= 1", "unconfirmed < 1"],
  ["attempt > 3", "attempt <= 3"],
  ["attempt > 3", "attempt < 4"],
  ["state.node.node_name is_present", "state.node.node_name is_absent"],
  ["state.node is_absent", "state.node.epoch > 1"],
  ["state.node is_absent", "state.node is_present"],
  ["node_type == effect", "node_type != effect"],
  ["node_type == effect", "node_type == reducer"],
  ["node_type in [effect, reducer]", "node_type in [compute, orchestrator]"],
  ["node_id == a and attempt > 1", "node_id == b or attempt < 1"],
  ["emitted_at < '2025'", "emitted_at >= '2025'"],
  ["attempt > state.node.epoch", "attempt <= state.node.epoch"],
  ["node_type == effect and node_id matches '^a'", "node_type == reducer and node_id matches '^a'"],
  // Nothing else says "otherwise" of a pattern.
  ["node_id matches '^a'", ""],
])("takes %s and %s for exclusive", (one, other) => {
  expect(together(one, other)).toEqual([]);
});

it.each([
  ["unconfirmed >= 0", "unconfirmed == 0", "unconfirmed is 0"],
  ["attempt > 3", "attempt < 5", "attempt is 4"],
  ["attempt > 3", "", "attempt is 4"],
  ["node_type != effect", "node_type != reducer", 'node_type is "compute"'],
  ["state.node is_present", "state.node.epoch > 1", "state.node is an object, state.node.epoch is 2"],
  ["capabilities contains gpu", "capabilities contains tpu", 'capabilities is ["gpu","tpu"]'],
  ["node_id == a", "attempt == 1", 'node_id is "a", attempt is 1'],
  ["node_id contains ab", "node_id contains cd", 'node_id is "ab cd"'],
])("knows that %s and %s can both hold", (one, other, when) => {
  expect(together(one, other)).toEqual([
    `RC202 two transitions on activated from complete can both hold: when ${when}`,
  ]);
});

it.each([
  ["attempt > 3 and attempt < 3"],
  ["node_type == effect and node_type == reducer"],
  ["state.node is_absent and state.node.epoch > 1"],
  ["attempt == 1 and node_id matches '^a' and attempt == 2"],
])("knows that %s never holds", (condition) => {
  const [said, ...more] = together("node_id == zz", condition);
  expect(said).toBe("RC106 this transition can never be used in complete: its conditions never hold together");
  expect(more).toEqual([]);
});

it("does not guess about conditions that do not fit the schema", () => {
  expect(together("attempt > 3", "atempt > 4").map((said) => said.slice(0, 5))).toEqual(["RC108"]);
});

it("does not try what would take for ever, and then takes two conditions for overlapping", () => {
  const many = ["node_id", "entity_id", "emitted_at", "liveness_deadline", "correlation_id", "causation_id"]
    .map((path) => `${path} in [a, b, c, d]`)
    .join(" and ");
  expect(together(`${many} and attempt > 3`, `${many} and attempt < 3`)).toEqual([
    "RC202 two transitions on activated from complete can both hold: too many cases to rule that out",
  ]);
});
