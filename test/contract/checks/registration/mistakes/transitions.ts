import { type Mistake, orchestrator, reducer } from "./mistake.ts";

const COMPLETE =
  "    - { from_state: [pending, partial], trigger: backend_confirmed, to_state: complete, " +
  `conditions: [{ expression: "unconfirmed == 0" }] }`;
const BACK =
  "{ from_state: partial, trigger: backend_confirmed, to_state: partial, conditions: [{ expression: " +
  '"unconfirmed > 0" }] }';

/** RC106 and RC202: transitions that compete. RC201: states. */
export const transitions: readonly Mistake[] = [
  {
    mistake: "a transition that an earlier one without a condition takes",
    edits: [
      orchestrator(
        "    - { from_state: ACTIVE, trigger: NodeUpdated, to_state: ACTIVE }",
        "    - { from_state: ACTIVE, trigger: NodeUpdated, to_state: PENDING_REGISTRATION }\n    - { " +
          "from_state: ACTIVE, trigger: NodeUpdated, to_state: ACTIVE }",
      ),
    ],
    gives: ["RC106 orchestrator.yaml: - { from_state: «ACTIVE», trigger: NodeUpdated, to_state: ACTIVE }"],
    says: "this transition can never be used in ACTIVE: an earlier one takes it without a condition",
  },
  {
    mistake: "a transition behind others that leave it nothing together",
    edits: [
      reducer(
        COMPLETE,
        `${COMPLETE}\n    - { from_state: [pending, partial], trigger: backend_confirmed, to_state: failed }`,
      ),
    ],
    gives: [
      "RC202 reducer.yaml: " + "- { from_state: [pending, partial], trigger: «backend_confirmed», to_state: failed }",
    ],
    says: "two transitions on backend_confirmed from pending and partial can both hold: when unconfirmed is",
  },
  {
    mistake: "conditions of one transition that never hold together",
    edits: [reducer(BACK, BACK.replace("unconfirmed > 0", "unconfirmed > 2 and unconfirmed < 3"))],
    gives: [
      "RC106 reducer.yaml: - { from_state: «partial», trigger: backend_confirmed, to_state: partial, " +
        'conditions: [{ expression: "unconfirmed > 2 and unconfirmed < 3" }] }',
    ],
    says: "this transition can never be used in partial: its conditions never hold together",
  },
  {
    mistake: "a transition of the orchestrator on an event that no row returns there",
    edits: [
      orchestrator(
        "from_state: ACTIVE, trigger: NodeUpdated",
        "from_state: [ACTIVE, AWAITING_ACK], trigger: NodeUpdated",
      ),
    ],
    gives: [
      "RC106 orchestrator.yaml: - { from_state: [ACTIVE, «AWAITING_ACK»], trigger: NodeUpdated, to_state: ACTIVE }",
    ],
    says: "this transition can never be used in AWAITING_ACK: no row returns NodeUpdated there",
  },
  {
    mistake: "two transitions whose numeric conditions overlap, and when",
    edits: [reducer(BACK, BACK.replace("unconfirmed > 0", "unconfirmed >= 0"))],
    gives: [
      "RC202 reducer.yaml: - { from_state: [pending, partial], trigger: backend_confirmed, to_state: complete, " +
        'conditions: [{ expression: «"unconfirmed == 0"» }] }',
    ],
    says: "two transitions on backend_confirmed from partial can both hold: when unconfirmed is 0",
  },
  {
    mistake: "a conditional and an unconditional transition on one trigger",
    edits: [
      reducer(
        "trigger: error_received, to_state: failed, actions: [record_failure] }",
        'trigger: error_received, to_state: failed, conditions: [{ expression: "backend == consul" }], ' +
          "actions: [record_failure] }\n    - { from_state: [pending, partial], trigger: error_received, " +
          "to_state: failed }",
      ),
    ],
    gives: ["RC202 reducer.yaml: - { from_state: [pending, partial], trigger: «error_received», to_state: failed }"],
    says: "two transitions on error_received from pending and partial can both hold: when backend is",
  },
  {
    mistake: "two transitions whose conditions are about different fields",
    edits: [
      reducer(
        "{ from_state: complete, trigger: activated, to_state: complete, actions: [emit_consul_status, " +
          "emit_postgres_status] }",
        '{ from_state: complete, trigger: activated, to_state: complete, conditions: [{ expression: "node_type ' +
          '== effect" }], actions: [emit_consul_status, emit_postgres_status] }\n    - { from_state: complete, ' +
          'trigger: activated, to_state: complete, conditions: [{ expression: "capabilities contains gpu" }] }',
      ),
    ],
    gives: [
      "RC202 reducer.yaml: - { from_state: complete, trigger: activated, to_state: complete, conditions: [{ " +
        'expression: «"capabilities contains gpu"» }] }',
    ],
    says: "can both hold: when",
  },
  {
    mistake: "two transitions on patterns that may both match, for that can't be decided",
    edits: [
      reducer(
        "{ from_state: complete, trigger: activated, to_state: complete, actions: [emit_consul_status, " +
          "emit_postgres_status] }",
        `{ from_state: complete, trigger: activated, to_state: complete, conditions: [{ expression: "node_id ` +
          `matches '^a'" }], actions: [emit_consul_status, emit_postgres_status] }\n    - { from_state: ` +
          `complete, trigger: activated, to_state: complete, conditions: [{ expression: "node_id matches 'b$'" ` +
          "}] }",
      ),
    ],
    gives: [
      "RC202 reducer.yaml: - { from_state: complete, trigger: activated, to_state: complete, conditions: [{ " +
        "expression: «\"node_id matches 'b$'\"» }] }",
    ],
    says: "two transitions on activated from complete can both hold: for all that is known of a pattern",
  },
  {
    mistake: "a state that no transition leads to",
    edits: [
      reducer(
        "    - { state_name: partial }",
        "    - { state_name: partial }\n    - { state_name: held, rests: true }",
      ),
    ],
    gives: ["RC201 reducer.yaml: - { state_name: «held», rests: true }"],
    says: "held can't be reached from idle",
  },
  {
    mistake: "states that only an unreachable state leads to, once",
    edits: [
      reducer(
        "raises: RegistrationFailed }",
        "raises: RegistrationFailed }\n    - { state_name: held }\n    - { state_name: kept, rests: true }",
      ),
      reducer(
        "  transitions:\n",
        "  transitions:\n    - { from_state: held, trigger: reset, to_state: kept, actions: " +
          "[emit_consul_deregister] }\n",
      ),
    ],
    gives: ["RC201 reducer.yaml: - { state_name: «held» }"],
    says: "held can't be reached from idle, and so neither can kept",
  },
  {
    mistake: "a state that can't be left and is not terminal",
    edits: [
      orchestrator("- { state_name: REJECTED, is_terminal: true }", "- { state_name: REJECTED }"),
      orchestrator(
        "from_state: [null, REJECTED, ACK_TIMED_OUT, LIVENESS_EXPIRED, DEREGISTERED], trigger",
        "from_state: [null, ACK_TIMED_OUT, LIVENESS_EXPIRED, DEREGISTERED], trigger",
      ),
      orchestrator(
        "current_state: [null, REJECTED, ACK_TIMED_OUT, LIVENESS_EXPIRED, DEREGISTERED]",
        "current_state: [null, ACK_TIMED_OUT, LIVENESS_EXPIRED, DEREGISTERED]",
      ),
      orchestrator(
        "current_state: ACK_RECEIVED, action: no_op",
        "current_state: [ACK_RECEIVED, REJECTED], action: no_op",
      ),
    ],
    gives: ["RC201 orchestrator.yaml: - { state_name: «REJECTED» }"],
    says: "REJECTED can't be left, and is not terminal",
  },
  {
    mistake: "an initial state that nothing leaves",
    edits: [orchestrator("from_state: [null, REJECTED, ACK_TIMED_OUT", "from_state: [REJECTED, ACK_TIMED_OUT")],
    gives: [
      "RC105 orchestrator.yaml: output_events: [«NodeRegistrationInitiated»]",
      "RC201 orchestrator.yaml: initial_state: «null»",
    ],
    says: "no transition accepts NodeRegistrationInitiated in null",
  },
];
