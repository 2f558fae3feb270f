import { type Mistake, orchestrator, reducer } from "./mistake.ts";

const DEREGISTER_ROW = `        - { current_state: "*", action: no_op, reason: "nothing is registered" }

    # events`;

/** RC102 to RC105: how messages find their rows, and what rows return. */
export const routing: readonly Mistake[] = [
  {
    mistake: "a consumed event that no handler takes, though a deadline is renewed by it",
    edits: [orchestrator("    - { event_model: { name: NodeHeartbeatEvent }, action: renew }\n", "")],
    gives: [
      'RC102 orchestrator.yaml: - { topic: "{env}.{namespace}.onex.evt.node-heartbeat.v1", event_type: ' +
        "«NodeHeartbeatEvent», journal: false }",
    ],
    says: "NodeHeartbeatEvent is consumed, but no handler takes it",
  },
  {
    mistake: "a row that renews what no deadline names",
    edits: [
      orchestrator("renewed_by: [NodeHeartbeatEvent, NodeIntrospectionEvent]", "renewed_by: [NodeIntrospectionEvent]"),
    ],
    gives: ["RC110 orchestrator.yaml: - { event_model: { name: NodeHeartbeatEvent }, action: «renew» }"],
    says: "NodeHeartbeatEvent renews nothing in any of its states",
  },
  {
    mistake: "a publish that is waited for, of an event without a topic",
    edits: [
      orchestrator(
        '"{env}.{namespace}.onex.evt.node-registration-accepted.v1", event_type: NodeRegistrationAccepted',
        "none, event_type: NodeRegistrationAccepted",
      ),
    ],
    gives: [
      "RC205 orchestrator.yaml: " +
        '- { from_state: ACCEPTED, trigger: «"published(NodeRegistrationAccepted)"», to_state: AWAITING_ACK }',
    ],
    says: "NodeRegistrationAccepted has no topic, so it never reaches the bus",
  },
  {
    mistake: "a handler for an event that is not consumed",
    edits: [
      orchestrator('  - { topic: "{env}.{namespace}.onex.cmd.node-deregister.v1", event_type: NodeDeregister }\n', ""),
    ],
    gives: ["RC102 orchestrator.yaml: - event_model: { name: «NodeDeregister» }"],
    says: "NodeDeregister never arrives here",
  },
  {
    mistake: "a deadline that no handler takes",
    edits: [
      orchestrator(
        "    - { state_name: ACCEPTED,",
        "    - { state_name: ACCEPTED, deadline: { name: publish, after: 9s },",
      ),
    ],
    gives: [
      "RC102 orchestrator.yaml: - { state_name: ACCEPTED, deadline: { name: «publish», after: 9s }, " +
        "description: the acceptance is on its way to the bus }",
    ],
    says: "no handler takes deadline(publish), which ACCEPTED arms",
  },
  {
    mistake: "a raised event that no handler takes",
    edits: [reducer("- { state_name: partial }", "- { state_name: partial, raises: NodeUpdated }")],
    gives: ["RC102 reducer.yaml: - { state_name: partial, raises: «NodeUpdated» }"],
    says: "partial raises NodeUpdated, but no handler takes it",
  },
  {
    mistake: "a failure of an intent that is retried without a limit",
    edits: [reducer('"failed(consul.register)"', '"failed(consul.set_status)"')],
    gives: [
      "RC203 effects.yaml: intent_type: «consul.register»",
      'RC102 reducer.yaml: - { event_type: «"failed(consul.set_status)"», trigger: error_received }',
    ],
    says: "failed(consul.set_status) never arrives here: consul.set_status is retried without a limit",
  },
  {
    mistake: "an event that the reducer consumes and never gets",
    edits: [reducer("event_type: NodeUpdated,", "event_type: NodeHeartbeatEvent,")],
    gives: ["RC102 reducer.yaml: - { event_type: «NodeHeartbeatEvent», trigger: node_changed }"],
    says: "NodeHeartbeatEvent never arrives here: what is consumed from the bus goes to handlers only",
  },
  {
    mistake: "an event in output_events that is not published",
    edits: [
      orchestrator(
        "output_events: [NodeRegistrationRejected]",
        "output_events: [NodeRegistrationRejected, NodeHeartbeatEvent]",
      ),
    ],
    gives: ["RC103 orchestrator.yaml: output_events: [NodeRegistrationRejected, «NodeHeartbeatEvent»]"],
    says: "NodeHeartbeatEvent is not in published_events",
  },
  {
    mistake: "a published event that no handler returns",
    edits: [
      orchestrator(
        "output_events: [NodeRegistrationInitiated, NodeUpdated, NodeDeregistered]",
        "output_events: [NodeRegistrationInitiated, NodeDeregistered]",
      ),
      orchestrator(
        "action: refresh_if_changed, output_events: [NodeUpdated]",
        "action: refresh_if_changed, output_events: []",
      ),
    ],
    gives: [
      'RC103 orchestrator.yaml: - { topic: "{env}.{namespace}.onex.evt.node-updated.v1", event_type: «NodeUpdated» }',
    ],
    says: "NodeUpdated is published, but in no handler's output_events",
  },
  {
    mistake: "a row that returns what its handler's output_events do not have",
    edits: [
      orchestrator(
        "current_state: ACTIVE, action: refresh_if_changed, output_events: [NodeUpdated]",
        "current_state: ACTIVE, action: refresh_if_changed, output_events: [NodeUpdated, NodeLivenessExpired]",
      ),
    ],
    gives: [
      "RC103 orchestrator.yaml: - { current_state: ACTIVE, action: refresh_if_changed, output_events: " +
        "[NodeUpdated, «NodeLivenessExpired»] }",
    ],
    says: "NodeLivenessExpired is not in output_events of HandlerNodeIntrospected",
  },
  {
    mistake: "a topic that is both consumed and published",
    edits: [orchestrator("onex.evt.node-updated.v1", "onex.evt.node-heartbeat.v1")],
    gives: [
      "RC103 orchestrator.yaml: " +
        '- { topic: «"{env}.{namespace}.onex.evt.node-heartbeat.v1"», event_type: NodeUpdated }',
    ],
    says: "is consumed too",
  },
  {
    mistake: "a dead letter topic that is consumed",
    edits: [orchestrator("onex.dlq.registration.v1", "onex.evt.node-heartbeat.v1")],
    gives: ['RC103 orchestrator.yaml: dead_letter_topic: «"{env}.{namespace}.onex.evt.node-heartbeat.v1"»'],
    says: "is consumed too",
  },
  {
    mistake: "a matrix that leaves a transient state out",
    edits: [
      orchestrator(
        '        - { current_state: ACK_RECEIVED, action: no_op, reason: "passed through, never rested in" }\n',
        "",
      ),
    ],
    gives: ["RC104 orchestrator.yaml: «state_decision_matrix»:"],
    says: "no row decides about NodeIntrospectionEvent in ACK_RECEIVED: rows with `when` don't cover",
  },
  {
    mistake: "a matrix that leaves null and other states out",
    edits: [orchestrator(DEREGISTER_ROW, "\n    # events")],
    gives: ["RC104 orchestrator.yaml: «state_decision_matrix»:"],
    says:
      "no row decides about NodeDeregister in null, ACK_RECEIVED, REJECTED, ACK_TIMED_OUT, " +
      "LIVENESS_EXPIRED and DEREGISTERED",
  },
  {
    mistake: "a row for which the rows above leave nothing",
    edits: [
      orchestrator(
        '- { current_state: ACTIVE, action: no_op, reason: "duplicate: already active" }',
        '- { current_state: [ACCEPTED, AWAITING_ACK], action: no_op, reason: "duplicate: already active" }',
      ),
    ],
    gives: [
      "RC104 orchestrator.yaml: - { current_state: [«ACCEPTED», AWAITING_ACK], action: no_op, reason: " +
        '"duplicate: already active" }',
    ],
    says: "this row never decides",
  },
  {
    mistake: "a row that may return an event which no transition accepts there",
    edits: [
      orchestrator(
        "- { current_state: [ACCEPTED, AWAITING_ACK], action: activate }",
        "- { current_state: [ACCEPTED, AWAITING_ACK, ACK_RECEIVED], action: activate }",
      ),
    ],
    gives: [
      "RC105 orchestrator.yaml: " + "- { current_state: [«ACCEPTED», AWAITING_ACK, ACK_RECEIVED], action: activate }",
    ],
    says: "no transition accepts NodeRegistrationAckReceived in ACK_RECEIVED",
  },
  {
    mistake: "events in an order that the machine does not accept",
    edits: [
      orchestrator(
        "output_events: [NodeRegistrationAckReceived, NodeBecameActive]",
        "output_events: [NodeBecameActive, NodeRegistrationAckReceived]",
      ),
    ],
    gives: ["RC105 orchestrator.yaml: - { current_state: [«ACCEPTED», AWAITING_ACK], action: activate }"],
    says: "no transition accepts NodeBecameActive in ACCEPTED and AWAITING_ACK",
  },
  {
    mistake: "an event later in a row's sequence that no transition accepts",
    edits: [
      orchestrator(
        "{ from_state: ACK_RECEIVED, trigger: NodeBecameActive, to_state: ACTIVE }",
        "{ from_state: AWAITING_ACK, trigger: NodeBecameActive, to_state: ACTIVE }",
      ),
    ],
    gives: [
      "RC105 orchestrator.yaml: - { current_state: [«ACCEPTED», AWAITING_ACK], action: activate }",
      "RC201 orchestrator.yaml: - { state_name: «ACK_RECEIVED», is_transient: true }",
    ],
    says: "no transition accepts NodeBecameActive in ACK_RECEIVED (from ACCEPTED)",
  },
  {
    mistake: "a deadline's event that the state which arms it does not accept",
    edits: [
      orchestrator(
        "from_state: AWAITING_ACK, trigger: NodeRegistrationAckTimedOut",
        "from_state: ACCEPTED, trigger: NodeRegistrationAckTimedOut",
      ),
    ],
    gives: ["RC105 orchestrator.yaml: output_events: [«NodeRegistrationAckTimedOut»]"],
    says: "no transition accepts NodeRegistrationAckTimedOut in AWAITING_ACK",
    related: [
      "orchestrator.yaml: - { from_state: ACCEPTED, trigger: NodeRegistrationAckTimedOut, to_state: ACK_TIMED_OUT }",
    ],
  },
];
