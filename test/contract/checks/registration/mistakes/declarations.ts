import { type Mistake, effects, orchestrator, reducer } from "./mistake.ts";

/** RC109 and RC110: declared once, and declared at all. */
export const declarations: readonly Mistake[] = [
  {
    mistake: "a state declared twice",
    edits: [reducer("    - { state_name: partial }", "    - { state_name: partial }\n    - { state_name: partial }")],
    gives: ["RC109 reducer.yaml: - { state_name: «partial» }"],
    says: "state partial is declared twice",
    related: ["reducer.yaml: - { state_name: partial }"],
  },
  {
    mistake: "a deadline declared twice",
    edits: [
      orchestrator(
        "    - { state_name: ACCEPTED,",
        "    - { state_name: ACCEPTED, deadline: { name: ack, after: 9s },",
      ),
      orchestrator(/AWAITING_ACK, deadline: .*/, "AWAITING_ACK, deadline: { name: ack, after: 9s } }"),
    ],
    gives: [
      "RC105 orchestrator.yaml: output_events: [«NodeRegistrationAckTimedOut»]",
      "RC109 orchestrator.yaml: - { state_name: AWAITING_ACK, deadline: { name: «ack», after: 9s } }",
    ],
    says: "deadline ack is declared twice",
  },
  {
    mistake: "a route declared twice",
    edits: [
      orchestrator(
        "    # events that the reducer raises\n",
        "    - event_model: { name: NodeDeregister }\n      handler: { name: HandlerNodeDeregister }\n      " +
          'output_events: [NodeDeregistered]\n      state_decision_matrix:\n        - { current_state: "*", ' +
          "action: no_op, reason: twice }\n\n    # events that the reducer raises\n",
      ),
    ],
    gives: ["RC109 orchestrator.yaml: - event_model: { name: «NodeDeregister» }"],
    says: "handler for NodeDeregister is declared twice",
  },
  {
    mistake: "an intent with two effects",
    edits: [
      effects(
        "    - operation: deregister_node",
        "    - operation: set_status\n      intent_type: consul.set_status\n      handler: { name: " +
          "HandlerConsulSetStatus }\n      backend: consul\n      retry_policy: { max_retries: unlimited }\n    " +
          "- operation: deregister_node",
      ),
    ],
    gives: ["RC109 effects.yaml: intent_type: «consul.set_status»"],
    says: "effect for consul.set_status is declared twice",
    related: ["effects.yaml: intent_type: consul.set_status"],
  },
  {
    mistake: "an event that pulls two triggers",
    edits: [
      reducer(
        "  - { event_type: NodeUpdated, trigger: node_changed }\n",
        "  - { event_type: NodeUpdated, trigger: node_changed }\n  - { event_type: NodeUpdated, trigger: activated }\n",
      ),
    ],
    gives: ["RC109 reducer.yaml: - { event_type: «NodeUpdated», trigger: activated }"],
    says: "trigger for NodeUpdated is declared twice",
  },
  {
    mistake: "two contracts of one name",
    edits: [effects("name: node_registry_effect", "name: node_registration_reducer")],
    gives: ["RC109 effects.yaml: name: «node_registration_reducer»"],
    says: "contract node_registration_reducer is declared twice",
  },
  {
    mistake: "a deadline in a route that no state arms",
    edits: [orchestrator('"deadline(liveness)"', '"deadline(livenes)"')],
    gives: ['RC110 orchestrator.yaml: - event_model: { name: "deadline(«livenes»)" }'],
    says: "no deadline livenes in the orchestrator's states",
    suggestion: "liveness",
  },
  {
    mistake: "a deadline that handlers ask for and no state arms",
    edits: [
      orchestrator("deadline: { name: ack,", "deadline: { name: answer,"),
      orchestrator("deadline(ack)", "deadline(answer)"),
    ],
    gives: ["RC110 orchestrator.yaml: handler: { name: «HandlerRegistrationCompleted» }"],
    says: "HandlerRegistrationCompleted asks for deadline ack, which no state arms",
  },
  {
    mistake: "a fault code that the effect never reports",
    edits: [
      effects(
        "      output_events: [PostgresRegistrationConfirmed]",
        "      retry_policy: { retry_on: [UNAVAILABEL] }\n      output_events: [PostgresRegistrationConfirmed]",
      ),
    ],
    gives: ["RC110 effects.yaml: retry_policy: { retry_on: [«UNAVAILABEL»] }"],
    says: "HandlerPostgresUpsert never reports UNAVAILABEL",
    suggestion: "UNAVAILABLE",
  },
  {
    mistake: "a shared fault code that no effect reports",
    edits: [effects(/retry_policy: .*/, "retry_policy: { retry_on: [UNAVAILABLE, GONE] }")],
    gives: ["RC110 effects.yaml: retry_policy: { retry_on: [UNAVAILABLE, «GONE»] }"],
    says: "no effect that this is for reports GONE",
  },
];
