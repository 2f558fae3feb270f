import { handlersOf } from "../../../../../runtime/core/handler.ts";
import { DeadlineFired, message } from "../../../../../runtime/core/message.ts";
import { type Mistake, effects, orchestrator, reducer } from "./mistake.ts";

const nothing = () => [];

/** RC101: what contracts name and code has, both ways. */
export const names: readonly Mistake[] = [
  {
    mistake: "a handler that code does not have, and suggests the one within reach",
    edits: [orchestrator("name: HandlerNodeDeregister", "name: HandlerNodeDeregistr")],
    gives: ["RC101 orchestrator.yaml: handler: { name: «HandlerNodeDeregistr» }"],
    says: "no handler HandlerNodeDeregistr in code",
    suggestion: "HandlerNodeDeregister",
  },
  {
    mistake: "an action that the handler does not have",
    edits: [orchestrator("action: refresh_if_changed", "action: refresh_if_change")],
    gives: [
      "RC101 orchestrator.yaml: " +
        "- { current_state: ACTIVE, action: «refresh_if_change», output_events: [NodeUpdated] }",
    ],
    says: "no action refresh_if_change in HandlerNodeIntrospected",
  },
  {
    mistake: "an action that means another one and leaves its own unnamed",
    edits: [orchestrator("action: supersede_if_changed", "action: refresh_if_changed")],
    gives: ["RC101 orchestrator.yaml: handler: { name: «HandlerNodeIntrospected» }"],
    says: "supersede_if_changed is in code, but no contract names it",
  },
  {
    mistake: "a consumed event that has no schema",
    edits: [orchestrator("event_type: NodeDeregister }", "event_type: NodeDeregistration }")],
    gives: [
      'RC101 orchestrator.yaml: - { topic: "{env}.{namespace}.onex.cmd.node-deregister.v1", event_type: ' +
        "«NodeDeregistration» }",
    ],
    says: "no message NodeDeregistration in code",
  },
  {
    mistake: "an event in output_events that has no schema",
    edits: [orchestrator("output_events: [NodeUpdated] }", "output_events: [NodeUpdatd] }")],
    gives: [
      "RC101 orchestrator.yaml: " +
        "- { current_state: ACTIVE, action: refresh_if_changed, output_events: [«NodeUpdatd»] }",
    ],
    says: "no message NodeUpdatd in code",
    suggestion: "NodeUpdated",
  },
  {
    mistake: "a raised event that has no schema",
    edits: [reducer("raises: RegistrationFailed", "raises: RegistrationFailled")],
    gives: ["RC101 reducer.yaml: - { state_name: failed, is_transient: true, raises: «RegistrationFailled» }"],
    says: "no message RegistrationFailled in code",
  },
  {
    mistake: "a renewed_by event that has no schema",
    edits: [orchestrator("renewed_by: [NodeHeartbeatEvent,", "renewed_by: [NodeHeartbeat,")],
    gives: ["RC101 orchestrator.yaml: renewed_by: [«NodeHeartbeat», NodeIntrospectionEvent]"],
    says: "no message NodeHeartbeat in code",
  },
  {
    mistake: "a published() of an event that has no schema",
    edits: [orchestrator('"published(NodeRegistrationAccepted)"', '"published(NodeRegistrationAcceptd)"')],
    gives: [
      'RC101 orchestrator.yaml: - { from_state: ACCEPTED, trigger: "published(«NodeRegistrationAcceptd»)", ' +
        "to_state: AWAITING_ACK }",
    ],
    says: "no message NodeRegistrationAcceptd in code",
    suggestion: "NodeRegistrationAccepted",
  },
  {
    mistake: "a failed() of an intent that does not exist",
    edits: [reducer('"failed(consul.register)"', '"failed(consul.registr)"')],
    gives: ['RC101 reducer.yaml: - { event_type: "failed(«consul.registr»)", trigger: error_received }'],
    says: "no intent consul.registr in code",
    suggestion: "consul.register",
  },
  {
    mistake: "an event that opens attempts and has no schema",
    edits: [orchestrator("started_by: NodeRegistrationInitiated", "started_by: NodeRegistrationInitialized")],
    gives: [
      "RC101 orchestrator.yaml: attempt: { id: registration_attempt_id, started_by: «NodeRegistrationInitialized» }",
    ],
    says: "no message NodeRegistrationInitialized in code",
  },
  {
    mistake: "a state that the machine does not have, where a row names it",
    edits: [
      orchestrator("current_state: PENDING_REGISTRATION, action: no_op", "current_state: PENDING, action: no_op"),
    ],
    gives: [
      'RC101 orchestrator.yaml: - { current_state: «PENDING», action: no_op, reason: "too early: not accepted yet" }',
    ],
    says: "no state PENDING in this machine",
  },
  {
    mistake: "a state that the machine does not have, where a transition leads to it",
    edits: [reducer("to_state: failed, actions", "to_state: faild, actions")],
    gives: [
      "RC101 reducer.yaml: - { from_state: [pending, partial], trigger: error_received, to_state: «faild», " +
        "actions: [record_failure] }",
    ],
    says: "no state faild in this machine",
    related: ["reducer.yaml: - { state_name: failed, is_transient: true, raises: RegistrationFailed }"],
    suggestion: "failed",
  },
  {
    mistake: "a state misspelt where it is declared, once",
    edits: [reducer("- { state_name: partial }", "- { state_name: partail }")],
    gives: ["RC101 reducer.yaml: - from_state: [«partial», complete]"],
    says: "no state partial in this machine",
    suggestion: "partail",
  },
  {
    mistake: "an action that is neither an intent's nor a state update",
    edits: [reducer("[emit_consul_deregister_old, replace_node,", "[emit_consul_deregister_old, replace_nodes,")],
    gives: [
      "RC101 reducer.yaml: actions: [emit_consul_deregister_old, «replace_nodes», emit_consul_intent, " +
        "emit_postgres_intent]",
    ],
    says: "no action replace_nodes",
    suggestion: "replace_node",
  },
  {
    mistake: "an intent builder that code does not have",
    edits: [reducer("action_name: emit_consul_status", "action_name: emit_consul_stats")],
    gives: [
      "RC101 reducer.yaml: - { action_name: «emit_consul_stats», intent_type: consul.set_status, " +
        'target_pattern: "consul://service/{service_id}" }',
    ],
    says: "no intent builder emit_consul_stats",
  },
  {
    mistake: "an effect that code does not have",
    edits: [effects("name: HandlerConsulSetStatus", "name: HandlerConsulStatus")],
    gives: ["RC101 effects.yaml: handler: { name: «HandlerConsulStatus» }"],
    says: "no effect HandlerConsulStatus in code",
  },
  {
    mistake: "an intent to take back with that does not exist",
    edits: [effects("compensated_by: consul.deregister", "compensated_by: consul.unregister")],
    gives: ["RC101 effects.yaml: compensated_by: «consul.unregister»"],
    says: "no intent consul.unregister in code",
  },
  {
    mistake: "a domain whose code is not this",
    edits: [orchestrator, reducer, effects].map((change) => change("domain: registration", "domain: registrations")),
    gives: ["RC101 orchestrator.yaml: domain: «registrations»"],
    says: "the code given is of the domain registration, not registrations",
    suggestion: "registration",
  },
  {
    mistake: "a handler of another message than its row's",
    edits: [orchestrator("name: HandlerNodeDeregister }", "name: HandlerNodeRegistrationAcked }")],
    gives: ["RC101 orchestrator.yaml: handler: { name: «HandlerNodeRegistrationAcked» }"],
    says: "HandlerNodeRegistrationAcked takes NodeRegistrationAcked, not NodeDeregister",
  },
  {
    mistake: "a deadline's handler that does not take DeadlineFired",
    edits: [],
    code: (code) => ({
      ...code,
      handlers: {
        ...code.handlers,
        HandlerAckDeadline: handlersOf()(message("AckMissed", {}), {}, { time_out: nothing }),
      },
    }),
    gives: ["RC101 orchestrator.yaml: handler: { name: «HandlerAckDeadline» }"],
    says: "HandlerAckDeadline takes AckMissed, not DeadlineFired",
  },
  {
    mistake: "an effect of another intent than its row's",
    edits: [effects("name: HandlerConsulDeregister", "name: HandlerConsulSetStatus")],
    gives: ["RC101 effects.yaml: handler: { name: «HandlerConsulSetStatus» }"],
    says: "HandlerConsulSetStatus carries out consul.set_status, not consul.deregister",
  },
  {
    mistake: "all code that no contract names",
    edits: [],
    code: (code) => ({
      ...code,
      messages: [...code.messages, message("NodeForgotten", {})],
      handlers: { ...code.handlers, HandlerNodeForgotten: handlersOf()(DeadlineFired, {}, {}) },
      reducer: {
        ...code.reducer,
        updates: { ...code.reducer.updates, forget_node: (state: never) => state },
        builders: { ...code.reducer.builders, emit_forgotten: () => null },
      },
      intents: [...code.intents, { ...code.intents[0]!, intentType: "consul.forget" }],
      effects: { ...code.effects, HandlerConsulForget: code.effects["HandlerConsulRegister"]! },
    }),
    gives: [
      "RC101 effects.yaml: «handlers»:",
      "RC101 orchestrator.yaml: name: «node_registration_orchestrator»",
      "RC101 orchestrator.yaml: «handlers»:",
      "RC101 reducer.yaml: «transitions»:",
      "RC101 reducer.yaml: «intents»:",
      "RC101 reducer.yaml: «intents»:",
    ],
    says: "message NodeForgotten is in code, but no contract names it",
  },
];
