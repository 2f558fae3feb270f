import { expect, it } from "vitest";
import { diagnosed, shown } from "./registration/edited.ts";
import { effects, orchestrator, reducer } from "./registration/mistakes/mistake.ts";

const COMPLETES =
  "- { from_state: [pending, partial], trigger: backend_confirmed, to_state: complete, conditions: [{ " +
  'expression: "unconfirmed == 0" }] }';

it("tells of ten mistakes in ten diagnostics, each with its place", () => {
  const said = diagnosed([
    orchestrator("onex.evt.node-updated.v1", "{stage}.evt.node-updated.v1"),
    orchestrator(
      'when: "epoch > state.node.epoch or epoch is_present and state.node.epoch is_absent"',
      'when: "epoch > state.node.epoc"',
    ),
    orchestrator("action: supersede_if_changed", "action: supersede_if_change"),
    orchestrator("AWAITING_ACK], action: activate", "AWAITING_ACK, ACTIVE], action: activate"),
    orchestrator('        - { current_state: ACTIVE, action: no_op, reason: "duplicate: already active" }\n', ""),
    reducer("    - { state_name: partial }", "    - { state_name: partial }\n    - { state_name: held }"),
    reducer(
      "  - { event_type: NodeUpdated, trigger: node_changed }",
      "  - { event_type: NodeUpdated, trigger: node_change }",
    ),
    reducer(
      'to_state: complete, conditions: [{ expression: "unconfirmed == 0" }]',
      'to_state: complete, conditions: [{ expression: "unconfirmed >= 0" }]',
    ),
    effects(/batch: { max: \d+ }/, "batch: { max: 0 }"),
    effects("compensated_by: consul.deregister", "compensated_by: consul.deregistr"),
    effects(/max_retries: unlimited/, "max_retries: unlimited, retry_on: [CONSUL_GONE]"),
  ]);
  for (const { line, column } of said) expect(Math.min(line, column)).toBeGreaterThan(1);
  expect(said.map(shown)).toEqual([
    "RC010 effects.yaml: batch: { max: «0» }",
    "RC101 effects.yaml: compensated_by: «consul.deregistr»",
    "RC110 effects.yaml: retry_policy: { max_retries: unlimited, retry_on: [«CONSUL_GONE»] }",
    "RC107 orchestrator.yaml: " +
      '- { topic: "{env}.{namespace}.«{stage}».evt.node-updated.v1", event_type: NodeUpdated }',
    'RC108 orchestrator.yaml: when: "epoch > «state.node.epoc»"',
    "RC101 orchestrator.yaml: action: «supersede_if_change»",
    "RC105 orchestrator.yaml: - { current_state: [«ACCEPTED», AWAITING_ACK, ACTIVE], action: activate }",
    "RC201 reducer.yaml: - { state_name: «held» }",
    `RC202 reducer.yaml: ${COMPLETES.replace("==", ">=").replace(/("unconfirmed.*")/, "«$1»")}`,
    "RC205 reducer.yaml: trigger: «node_changed»",
  ]);
});
