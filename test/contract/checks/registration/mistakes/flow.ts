import { type Mistake, effects, orchestrator, reducer } from "./mistake.ts";

/** RC203 to RC207 and RC301: what is asked for, what it leads to, and what is owed in the end. */
export const flow: readonly Mistake[] = [
  {
    mistake: "an intent that no effect takes",
    edits: [effects(/ {4}- operation: set_status\n {6}intent_type: consul.set_status\n( {6}.*\n)+/, "")],
    gives: [
      "RC101 effects.yaml: «handlers»:",
      "RC203 reducer.yaml: - { action_name: emit_consul_status, intent_type: «consul.set_status», " +
        'target_pattern: "consul://service/{service_id}" }',
    ],
    says: "effect HandlerConsulSetStatus is in code, but no contract names it",
  },
  {
    mistake: "an effect that nothing asks for",
    edits: [
      reducer("actions: [emit_consul_status, emit_postgres_status] }", "actions: [emit_postgres_status] }"),
      reducer(
        "    - { action_name: emit_consul_status, intent_type: consul.set_status, target_pattern: " +
          '"consul://service/{service_id}" }\n',
        "",
      ),
    ],
    gives: ["RC203 effects.yaml: intent_type: «consul.set_status»", "RC101 reducer.yaml: «intents»:"],
    says: "nothing emits consul.set_status",
  },
  {
    mistake: "an intent that no transition and no state asks for",
    edits: [reducer("actions: [emit_consul_status, emit_postgres_status] }", "actions: [emit_postgres_status] }")],
    gives: [
      "RC203 reducer.yaml: - { action_name: «emit_consul_status», intent_type: consul.set_status, " +
        'target_pattern: "consul://service/{service_id}" }',
    ],
    says: "no transition and no state uses emit_consul_status",
  },
  {
    mistake: "an outcome that no trigger takes",
    edits: [reducer("  - { event_type: PostgresRegistrationConfirmed, trigger: backend_confirmed }\n", "")],
    gives: ["RC203 effects.yaml: output_events: [«PostgresRegistrationConfirmed»]"],
    says: "no trigger takes the outcome PostgresRegistrationConfirmed",
  },
  {
    mistake: "a failure that no trigger takes, where retries are limited",
    edits: [reducer('  - { event_type: "failed(consul.register)", trigger: error_received }\n', "")],
    gives: ["RC203 effects.yaml: intent_type: «consul.register»"],
    says: "consul.register may fail, but no trigger takes failed(consul.register)",
  },
  {
    mistake: "a cycle of raised events",
    edits: [
      reducer(
        "  - { event_type: NodeRegistrationRejected, trigger: reset }",
        "  - { event_type: NodeRegistrationRejected, trigger: reset }\n  - { event_type: " +
          "NodeRegistrationAccepted, trigger: error_received }",
      ),
      reducer(
        "trigger: error_received, to_state: complete, actions: [record_failure]",
        "trigger: error_received, to_state: failed, actions: [record_failure]",
      ),
      reducer(
        "from_state: [pending, partial, complete, failed] # at",
        "from_state: failed\n      trigger: reset\n      to_state: complete\n      actions: " +
          "[emit_consul_deregister, emit_postgres_status]\n    - from_state: [pending, partial, complete] # at",
      ),
    ],
    gives: ["RC204 reducer.yaml: - { state_name: complete, rests: true, raises: «RegistrationCompleted» }"],
    says: "a cycle of raised events: RegistrationCompleted leads to RegistrationFailed leads to RegistrationCompleted",
  },
  {
    mistake: "a trigger of the orchestrator that nothing produces",
    edits: [
      orchestrator(
        "    - { from_state: ACTIVE, trigger: NodeLivenessExpired",
        "    - { from_state: ACTIVE, trigger: NodeHeartbeatEvent, to_state: ACTIVE }\n    - { from_state: " +
          "ACTIVE, trigger: NodeLivenessExpired",
      ),
    ],
    gives: ["RC205 orchestrator.yaml: - { from_state: ACTIVE, trigger: «NodeHeartbeatEvent», to_state: ACTIVE }"],
    says: "nothing produces NodeHeartbeatEvent",
  },
  {
    mistake: "a trigger of the reducer that nothing produces",
    edits: [reducer("trigger: node_changed\n", "trigger: node_chnged\n")],
    gives: ["RC205 reducer.yaml: trigger: «node_chnged»"],
    says: "no trigger node_chnged in consumed_events: nothing produces it",
    suggestion: "node_changed",
  },
  {
    mistake: "a trigger of the reducer that no transition takes",
    edits: [
      reducer(
        "  - { event_type: NodeUpdated, trigger: node_changed }\n",
        "  - { event_type: NodeUpdated, trigger: node_changed }\n  - { event_type: " +
          "NodeRegistrationAckReceived, trigger: acknowledged }\n",
      ),
    ],
    gives: ["RC205 reducer.yaml: - { event_type: NodeRegistrationAckReceived, trigger: «acknowledged» }"],
    says: "no transition takes acknowledged",
  },
  {
    mistake: "a raised event's own event that no transition takes",
    edits: [
      orchestrator(
        "    - { from_state: PENDING_REGISTRATION, trigger: NodeRegistrationRejected, to_state: REJECTED }\n",
        "",
      ),
      orchestrator("    - { state_name: REJECTED, is_terminal: true }\n", ""),
      orchestrator("eventually: [ACTIVE, REJECTED, ", "eventually: [ACTIVE, "),
      orchestrator(
        "[null, REJECTED, ACK_TIMED_OUT, LIVENESS_EXPIRED, DEREGISTERED]",
        "[null, ACK_TIMED_OUT, LIVENESS_EXPIRED, DEREGISTERED]",
      ),
      orchestrator(
        "[null, REJECTED, ACK_TIMED_OUT, LIVENESS_EXPIRED, DEREGISTERED]",
        "[null, ACK_TIMED_OUT, LIVENESS_EXPIRED, DEREGISTERED]",
      ),
    ],
    gives: ["RC205 orchestrator.yaml: output_events: [«NodeRegistrationRejected»]"],
    says: "no transition takes NodeRegistrationRejected",
  },
  {
    mistake: "an end of an attempt that takes nothing back",
    edits: [reducer("actions: [emit_consul_deregister, emit_postgres_status]", "actions: [emit_postgres_status]")],
    gives: [
      "RC207 reducer.yaml: «actions»: [emit_postgres_status]",
      "RC203 reducer.yaml: - { action_name: «emit_consul_deregister», intent_type: consul.deregister, " +
        'target_pattern: "consul://service/{service_id}" }',
    ],
    says:
      "NodeRegistrationRejected, NodeRegistrationAckTimedOut, NodeLivenessExpired and NodeDeregistered end " +
      "an attempt: no action here emits consul.deregister",
  },
  {
    mistake: "a superseding attempt that takes nothing back",
    edits: [reducer("actions: [emit_consul_deregister_old, start_attempt]", "actions: [start_attempt]")],
    gives: ["RC207 reducer.yaml: «actions»: [start_attempt]"],
    says: "NodeRegistrationInitiated ends an attempt: no action here emits consul.deregister",
  },
  {
    mistake: "an event that ends an attempt and that the reducer does not consume",
    edits: [reducer("  - { event_type: NodeLivenessExpired, trigger: reset }\n", "")],
    gives: [
      "RC207 orchestrator.yaml: - { from_state: ACTIVE, trigger: «NodeLivenessExpired», to_state: LIVENESS_EXPIRED }",
    ],
    says: "NodeLivenessExpired ends an attempt (it leads to LIVENESS_EXPIRED), but the reducer does not consume it",
  },
  {
    mistake: "a state without a deadline that waits for something outside, as a warning",
    edits: [
      orchestrator(/AWAITING_ACK, deadline: .*/, "AWAITING_ACK }"),
      orchestrator(
        '    - event_model: { name: "deadline(ack)" }\n      handler: { name: HandlerAckDeadline }\n      ' +
          "action: time_out\n      output_events: [NodeRegistrationAckTimedOut]\n",
        "",
      ),
      orchestrator(
        '  - { topic: "{env}.{namespace}.onex.evt.node-registration-ack-timed-out.v1", event_type: ' +
          "NodeRegistrationAckTimedOut }\n",
        "",
      ),
      orchestrator("    - { state_name: ACK_TIMED_OUT, is_terminal: true }\n", ""),
      orchestrator("REJECTED, ACK_TIMED_OUT, DEREGISTERED] }", "REJECTED, DEREGISTERED] }"),
      orchestrator(
        "    - { from_state: AWAITING_ACK, trigger: NodeRegistrationAckTimedOut, to_state: ACK_TIMED_OUT }\n",
        "",
      ),
      orchestrator("REJECTED, ACK_TIMED_OUT, ", "REJECTED, "),
      orchestrator("REJECTED, ACK_TIMED_OUT, ", "REJECTED, "),
      reducer("  - { event_type: NodeRegistrationAckTimedOut, trigger: reset }\n", ""),
    ],
    code: ({ handlers: { HandlerAckDeadline: _, HandlerRegistrationCompleted, ...handlers }, ...code }) => ({
      ...code,
      messages: code.messages.filter(({ messageType }) => messageType !== "NodeRegistrationAckTimedOut"),
      handlers: { ...handlers, HandlerRegistrationCompleted: { ...HandlerRegistrationCompleted!, deadlines: [] } },
    }),
    gives: ["RC301 orchestrator.yaml: - { state_name: «AWAITING_ACK» }"],
    says: "AWAITING_ACK waits for something outside and has no deadline",
  },
];
