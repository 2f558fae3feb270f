import { DeadlineFired, message } from "../../../../runtime/core/message.ts";
import { type Mistake, effects, orchestrator, reducer } from "./mistake.ts";

const nothing = () => [];

/** RC101: what contracts name and code has, both ways. */
export const names: readonly Mistake[] = [
  {
    mistake: "a handler that code does not have, and suggests the one within reach",
    edits: [orchestrator("name: HandlerNodeDeregister", "name: HandlerNodeDeregistr")],
    gives: ["RC101 orchestrator.yaml:68:24"],
    says: "no handler HandlerNodeDeregistr in code",
    suggestion: "HandlerNodeDeregister",
  },
  {
    mistake: "an action that the handler does not have",
    edits: [orchestrator("action: refresh_if_changed", "action: refresh_if_change")],
    gives: ["RC101 orchestrator.yaml:52:44"],
    says: "no action refresh_if_change in HandlerNodeIntrospected",
  },
  {
    mistake: "an action that means another one and leaves its own unnamed",
    edits: [orchestrator("action: supersede_if_changed", "action: refresh_if_changed")],
    gives: ["RC101 orchestrator.yaml:33:24"],
    says: "supersede_if_changed is in code, but no contract names it",
  },
  {
    mistake: "a consumed event that has no schema",
    edits: [orchestrator("event_type: NodeDeregister }", "event_type: NodeDeregistration }")],
    gives: ["RC101 orchestrator.yaml:15:75"],
    says: "no message NodeDeregistration in code",
  },
  {
    mistake: "an event in output_events that has no schema",
    edits: [orchestrator("output_events: [NodeUpdated] }", "output_events: [NodeUpdatd] }")],
    gives: ["RC101 orchestrator.yaml:52:80"],
    says: "no message NodeUpdatd in code",
    suggestion: "NodeUpdated",
  },
  {
    mistake: "a raised event that has no schema",
    edits: [reducer("raises: RegistrationFailed", "raises: RegistrationFailled")],
    gives: ["RC101 reducer.yaml:29:57"],
    says: "no message RegistrationFailled in code",
  },
  {
    mistake: "a renewed_by event that has no schema",
    edits: [orchestrator("renewed_by: [NodeHeartbeatEvent,", "renewed_by: [NodeHeartbeat,")],
    gives: ["RC101 orchestrator.yaml:106:22"],
    says: "no message NodeHeartbeat in code",
  },
  {
    mistake: "a published() of an event that has no schema",
    edits: [orchestrator('"published(NodeRegistrationAccepted)"', '"published(NodeRegistrationAcceptd)"')],
    gives: ["RC101 orchestrator.yaml:118:51"],
    says: "no message NodeRegistrationAcceptd in code",
    suggestion: "NodeRegistrationAccepted",
  },
  {
    mistake: "a failed() of an intent that does not exist",
    edits: [reducer('"failed(consul.register)"', '"failed(consul.registr)"')],
    gives: ["RC101 reducer.yaml:18:27"],
    says: "no intent consul.registr in code",
    suggestion: "consul.register",
  },
  {
    mistake: "an event that opens attempts and has no schema",
    edits: [orchestrator("started_by: NodeRegistrationInitiated", "started_by: NodeRegistrationInitialized")],
    gives: ["RC101 orchestrator.yaml:8:53"],
    says: "no message NodeRegistrationInitialized in code",
  },
  {
    mistake: "a state that the machine does not have, where a row names it",
    edits: [
      orchestrator("current_state: PENDING_REGISTRATION, action: no_op", "current_state: PENDING, action: no_op"),
    ],
    gives: ["RC101 orchestrator.yaml:63:28"],
    says: "no state PENDING in this machine",
  },
  {
    mistake: "a state that the machine does not have, where a transition leads to it",
    edits: [reducer("to_state: failed, actions", "to_state: faild, actions")],
    gives: ["RC101 reducer.yaml:47:76"],
    says: "no state faild in this machine",
    suggestion: "failed",
  },
  {
    mistake: "an action that is neither an intent's nor a state update",
    edits: [reducer("[emit_consul_deregister_old, replace_node,", "[emit_consul_deregister_old, replace_nodes,")],
    gives: ["RC101 reducer.yaml:53:45"],
    says: "no action replace_nodes",
    suggestion: "replace_node",
  },
  {
    mistake: "an intent builder that code does not have",
    edits: [reducer("action_name: emit_consul_status", "action_name: emit_consul_stats")],
    gives: ["RC101 reducer.yaml:62:22"],
    says: "no intent builder emit_consul_stats",
  },
  {
    mistake: "an effect that code does not have",
    edits: [effects("name: HandlerConsulSetStatus", "name: HandlerConsulStatus")],
    gives: ["RC101 effects.yaml:26:24"],
    says: "no effect HandlerConsulStatus in code",
  },
  {
    mistake: "an intent to take back with that does not exist",
    edits: [effects("compensated_by: consul.deregister", "compensated_by: consul.unregister")],
    gives: ["RC101 effects.yaml:23:23"],
    says: "no intent consul.unregister in code",
  },
  {
    mistake: "a handler of another message than its row's",
    edits: [orchestrator("name: HandlerNodeDeregister }", "name: HandlerNodeRegistrationAcked }")],
    gives: ["RC101 orchestrator.yaml:68:24"],
    says: "HandlerNodeRegistrationAcked takes NodeRegistrationAcked, not NodeDeregister",
  },
  {
    mistake: "a deadline's handler that does not take DeadlineFired",
    edits: [],
    code: (code) => ({
      ...code,
      handlers: {
        ...code.handlers,
        HandlerAckDeadline: { message: message("AckMissed", {}), deadlines: [], actions: { time_out: nothing } },
      },
    }),
    gives: ["RC101 orchestrator.yaml:86:24"],
    says: "HandlerAckDeadline takes AckMissed, not DeadlineFired",
  },
  {
    mistake: "an effect of another intent than its row's",
    edits: [effects("name: HandlerConsulDeregister", "name: HandlerConsulSetStatus")],
    gives: ["RC101 effects.yaml:31:24"],
    says: "HandlerConsulSetStatus carries out consul.set_status, not consul.deregister",
  },
  {
    mistake: "all code that no contract names",
    edits: [],
    code: (code) => ({
      ...code,
      messages: [...code.messages, message("NodeForgotten", {})],
      handlers: { ...code.handlers, HandlerNodeForgotten: { message: DeadlineFired, deadlines: [], actions: {} } },
      reducer: {
        ...code.reducer,
        updates: { ...code.reducer.updates, forget_node: (state: never) => state },
        builders: { ...code.reducer.builders, emit_forgotten: () => null },
      },
      intents: [...code.intents, { ...code.intents[0]!, intentType: "consul.forget" }],
      effects: { ...code.effects, HandlerConsulForget: code.effects["HandlerConsulRegister"]! },
    }),
    gives: [
      "RC101 effects.yaml:17:3",
      "RC101 orchestrator.yaml:2:7",
      "RC101 orchestrator.yaml:31:3",
      "RC101 reducer.yaml:30:3",
      "RC101 reducer.yaml:60:3",
      "RC101 reducer.yaml:60:3",
    ],
    says: "message NodeForgotten is in code, but no contract names it",
  },
];
