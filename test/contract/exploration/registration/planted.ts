import { HandlerNodeRegistrationAcked } from "../../../../nodes/registration/node-registration-acked.handler.ts";
import type { DomainCode } from "../../../../runtime/core/domain.ts";
import type { Handler, HandlerAction } from "../../../../runtime/core/handler.ts";
import type { Edit } from "../../checks/registration/edited.ts";
import { orchestrator, reducer } from "../../checks/registration/mistakes/mistake.ts";

/** A mistake that the loader lets pass, and what the exploration says of it. */
export interface Planted {
  readonly mistake: string;
  readonly edits: readonly Edit[];
  readonly code?: (shipped: DomainCode) => DomainCode;
  /** All findings with their places, as `shown` writes them, in order. */
  readonly gives: readonly string[];
  /** Of the first: a part of its message, a part of its remedy, and the messages on the way. */
  readonly says: string;
  readonly remedy: string;
  readonly way: readonly string[];
  /** How many states are visited, where the nearest 300 do not show it. */
  readonly states?: number;
}

const ACCEPTED = "  - { state_name: ACCEPTED, description: the acceptance is on its way to the bus }";
const STARTS = "actions: [emit_consul_deregister_old, start_attempt]";
const BOTH = ["NodeIntrospectionEvent", "ConsulRegistrationConfirmed", "PostgresRegistrationConfirmed"];
const ACKED = "NodeRegistrationAcked, naming this attempt and its request";

/** The ACK's function with the attempt that it answers forgotten: every ACK is taken for the current one's. */
function anyAck(shipped: DomainCode): DomainCode {
  const { activate } = HandlerNodeRegistrationAcked.actions as Record<string, HandlerAction<never, never>>;
  const forgetful: HandlerAction<never, never> = (context) =>
    activate!({ ...context, message: { ...context.message, payload: {} as never } });
  const handler: Handler = { ...HandlerNodeRegistrationAcked, actions: { activate: forgetful } };
  return { ...shipped, handlers: { ...shipped.handlers, HandlerNodeRegistrationAcked: handler } };
}

export const PLANTED: readonly Planted[] = [
  {
    mistake: "a deadline that stands a state too early",
    edits: [
      orchestrator(ACCEPTED, "  - { state_name: ACCEPTED, deadline: { name: ack, after: 30s } }"),
      orchestrator(/- { state_name: AWAITING_ACK, deadline: {.*} }/, "- { state_name: AWAITING_ACK }"),
      orchestrator(
        "- { from_state: AWAITING_ACK, trigger: NodeRegistrationAckTimedOut",
        "- { from_state: ACCEPTED, trigger: NodeRegistrationAckTimedOut",
      ),
    ],
    gives: ["RC206 orchestrator.yaml: - { state_name: «AWAITING_ACK» }"],
    says: "AWAITING_ACK (reducer complete) can't go on",
    remedy: "give the state a deadline",
    way: [...BOTH, "published(NodeRegistrationAccepted)"],
  },
  {
    mistake: "a state whose way out may have gone by before",
    edits: [
      orchestrator('trigger: "published(NodeRegistrationAccepted)"', 'trigger: "published(NodeRegistrationInitiated)"'),
    ],
    gives: [
      "RC206 orchestrator.yaml: - { state_name: «ACCEPTED», description: the acceptance is on its way to the bus }",
    ],
    says: "ACCEPTED (reducer complete) can't go on",
    remedy: "give the state a deadline",
    way: [
      "NodeIntrospectionEvent",
      "ConsulRegistrationConfirmed",
      "published(NodeRegistrationInitiated)",
      "PostgresRegistrationConfirmed",
    ],
  },
  {
    mistake: "an ACK of whatever attempt",
    edits: [],
    code: anyAck,
    gives: [
      'RC206 orchestrator.yaml: - { name: active_after_its_ack, never: «"seen contains NodeBecameActive and ' +
        'seen lacks NodeRegistrationAcked"» }',
    ],
    says: "active_after_its_ack is violated in ACTIVE (reducer complete)",
    remedy: "make a step of the timeline impossible",
    way: [...BOTH, "NodeRegistrationAcked, naming this attempt and another request"],
  },
  {
    mistake: "a compensation that comes too late to know what to take back",
    edits: [reducer(STARTS, "actions: [start_attempt, emit_consul_deregister_old]")],
    gives: ["RC206 effects.yaml: compensated_by: «consul.deregister»"],
    says:
      "consul.register is not compensated at consul://service/onex-effect-a: its attempt was superseded, and " +
      "no consul.deregister went there",
    remedy: "let the reducer's transition emit consul.deregister for the same target",
    way: ["NodeIntrospectionEvent", "ConsulRegistrationConfirmed", 'NodeIntrospectionEvent, node_type "compute"'],
  },
  {
    mistake: "names raised by the wrong states",
    edits: [
      reducer("raises: RegistrationCompleted", "raises: RegistrationFaile"),
      reducer("raises: RegistrationFailed", "raises: RegistrationCompleted"),
      reducer("raises: RegistrationFaile }", "raises: RegistrationFailed }"),
    ],
    gives: ["RC206 reducer.yaml: - { state_name: «failed», is_transient: true, raises: RegistrationCompleted }"],
    says: "failed is transient, but the entity rests in ACCEPTED (reducer failed)",
    remedy: "let the event that leads to failed be followed by one that leads on",
    way: ["NodeIntrospectionEvent", "failed(consul.register)"],
  },
  {
    mistake: "two outcomes of one attempt",
    edits: [
      orchestrator(
        "- { current_state: [PENDING_REGISTRATION, ACCEPTED, AWAITING_ACK, ACTIVE], action: deregister }",
        "- { current_state: [PENDING_REGISTRATION, ACCEPTED, AWAITING_ACK, ACTIVE, REJECTED], action: deregister }",
      ),
      orchestrator(
        "AWAITING_ACK, ACTIVE], trigger: NodeDeregistered",
        "AWAITING_ACK, ACTIVE, REJECTED], trigger: NodeDeregistered",
      ),
    ],
    gives: [
      "RC206 orchestrator.yaml: - { from_state: [PENDING_REGISTRATION, ACCEPTED, AWAITING_ACK, ACTIVE, " +
        "«REJECTED»], trigger: NodeDeregistered, to_state: DEREGISTERED }",
    ],
    says: "the attempt has ended in REJECTED, and NodeDeregistered leads on to DEREGISTERED",
    remedy: "take REJECTED out of this transition",
    way: ["NodeIntrospectionEvent", "failed(consul.register)", "NodeDeregister"],
  },
  {
    mistake: "an acceptance that does not wait for the last backend (never)",
    edits: [
      reducer(
        'to_state: complete, conditions: [{ expression: "unconfirmed == 0" }]',
        'to_state: complete, conditions: [{ expression: "unconfirmed <= 1" }]',
      ),
      reducer(
        'to_state: partial, conditions: [{ expression: "unconfirmed > 0" }]',
        'to_state: partial, conditions: [{ expression: "unconfirmed > 1" }]',
      ),
      reducer(
        'trigger: backend_confirmed, to_state: partial, conditions: [{ expression: "unconfirmed > 0" }]',
        'trigger: backend_confirmed, to_state: partial, conditions: [{ expression: "unconfirmed > 1" }]',
      ),
    ],
    gives: [
      'RC206 reducer.yaml: - { name: accepted_after_consul, never: «"seen contains NodeRegistrationAccepted ' +
        'and seen lacks ConsulRegistrationConfirmed"» }',
      'RC206 reducer.yaml: - { name: accepted_after_postgres, never: «"seen contains NodeRegistrationAccepted ' +
        'and seen lacks PostgresRegistrationConfirmed"» }',
    ],
    says: "accepted_after_consul is violated in ACCEPTED (reducer complete)",
    remedy: "make a step of the timeline impossible",
    way: ["NodeIntrospectionEvent", "PostgresRegistrationConfirmed"],
  },
  {
    mistake: "an end that nobody thought of (eventually)",
    edits: [
      orchestrator(
        "eventually: [ACTIVE, REJECTED, ACK_TIMED_OUT, DEREGISTERED]",
        "eventually: [ACTIVE, REJECTED, DEREGISTERED]",
      ),
    ],
    gives: [
      "RC206 orchestrator.yaml: - { name: every_attempt_settles, eventually: «[ACTIVE, REJECTED, DEREGISTERED]» }",
    ],
    says: "every_attempt_settles does not hold: an attempt ends in ACK_TIMED_OUT (reducer idle)",
    remedy: "let a deadline or an outcome lead there",
    way: [...BOTH, "published(NodeRegistrationAccepted)", "deadline(ack)"],
    states: 900,
  },
  {
    mistake: "an entity that rests in a state meant to be passed through",
    edits: [reducer("{ state_name: complete, rests: true,", "{ state_name: complete, is_transient: true,")],
    gives: ["RC206 reducer.yaml: - { state_name: «complete», is_transient: true, raises: RegistrationCompleted }"],
    says: "complete is transient, but the entity rests in ACCEPTED (reducer complete)",
    remedy: "or remove is_transient",
    way: BOTH,
  },
  {
    mistake: "a refresh that raises what only a new attempt waits for",
    edits: [
      reducer(
        "to_state: complete\n      actions: [emit_consul_deregister_old, replace_node, emit_consul_intent, " +
          "emit_postgres_intent]",
        "to_state: pending\n      actions: [emit_consul_deregister_old, replace_node]",
      ),
    ],
    gives: [
      "RC206 orchestrator.yaml: - event_model: { name: «RegistrationCompleted» }",
      "RC206 orchestrator.yaml: - event_model: { name: «RegistrationFailed» }",
    ],
    says: "NodeRegistrationAccepted, returned for RegistrationCompleted, is lost: no transition accepts it",
    remedy: "add the transition on NodeRegistrationAccepted",
    way: [...BOTH, ACKED, 'NodeIntrospectionEvent, node_version "1.2.3"', "ConsulRegistrationConfirmed"],
    states: 900,
  },
  {
    mistake: "an event that pulls a trigger whose actions can't do with it",
    edits: [reducer("NodeLivenessExpired, trigger: reset", "NodeLivenessExpired, trigger: introspection_received")],
    gives: ['RC206 orchestrator.yaml: - event_model: { name: «"deadline(liveness)"» }'],
    says: "deadline(liveness) is refused in ACTIVE (reducer complete): the domain's code failed",
    remedy: "correct the function",
    way: [...BOTH, ACKED, "deadline(liveness)"],
  },
  {
    mistake: "an entity that may not come back",
    edits: [
      orchestrator(
        "- current_state: [null, REJECTED, ACK_TIMED_OUT, LIVENESS_EXPIRED, DEREGISTERED]\n",
        '- { current_state: REJECTED, action: no_op, reason: "rejected for good" }\n        - current_state: ' +
          "[null, ACK_TIMED_OUT, LIVENESS_EXPIRED, DEREGISTERED]\n",
      ),
      orchestrator("- { from_state: [null, REJECTED, ACK_TIMED_OUT", "- { from_state: [null, ACK_TIMED_OUT"),
    ],
    gives: ["RC206 orchestrator.yaml: - { state_name: «REJECTED», is_terminal: true }"],
    says: "REJECTED (reducer idle) allows no further attempt",
    remedy: "let a message return NodeRegistrationInitiated here",
    way: ["NodeIntrospectionEvent", "failed(consul.register)"],
  },
  {
    mistake: "two states that lead to one another for ever",
    edits: [
      orchestrator("- { state_name: ACK_TIMED_OUT, is_terminal: true }", "- { state_name: ACK_TIMED_OUT }"),
      orchestrator(
        "to_state: ACK_TIMED_OUT }",
        "to_state: ACK_TIMED_OUT }\n    - { from_state: ACK_TIMED_OUT, trigger: " +
          '"published(NodeRegistrationAckTimedOut)", to_state: AWAITING_ACK }',
      ),
    ],
    gives: ["RC206 orchestrator.yaml: - { state_name: «ACK_TIMED_OUT» }"],
    says: "ACK_TIMED_OUT (reducer idle) never ends",
    remedy: "let one of them lead to a state that is terminal",
    way: [...BOTH, "published(NodeRegistrationAccepted)", "deadline(ack)"],
    states: 900,
  },
];
