import { expect, it } from "vitest";
import { diagnosed, shown } from "./edited.ts";
import { effects, orchestrator, reducer } from "./mistakes/mistake.ts";

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
    effects("batch: { max: 64 }", "batch: { max: 0 }"),
    effects("compensated_by: consul.deregister", "compensated_by: consul.deregistr"),
    effects(
      "      retry_policy: { max_retries: unlimited }\n    - operation: deregister_node",
      "      retry_policy: { max_retries: unlimited, retry_on: [CONSUL_GONE] }\n    - operation: deregister_node",
    ),
  ]);
  expect(said.map(shown)).toEqual([
    "RC010 effects.yaml:14:19",
    "RC101 effects.yaml:23:23",
    "RC110 effects.yaml:28:58",
    "RC107 orchestrator.yaml:24:33",
    "RC108 orchestrator.yaml:45:26",
    "RC101 orchestrator.yaml:54:19",
    "RC105 orchestrator.yaml:62:29",
    "RC201 reducer.yaml:28:21",
    "RC202 reducer.yaml:47:116",
    "RC205 reducer.yaml:52:16",
  ]);
});
