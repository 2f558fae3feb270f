import type { RegistrationEventType } from "./events.ts";
import type { NodeMessageType } from "./messages.ts";

/** The first segments of every topic. */
export interface TopicPrefix {
  /** ROLLCALL_ENV, `dev` by default. */
  readonly env?: string;
  /** ROLLCALL_NAMESPACE, none by default. */
  readonly namespace?: string;
}

/** kind.name of each payload type's topic (protocol.md, Topics). A test compares them with the shipped contracts. */
const TOPICS: Readonly<Record<NodeMessageType | RegistrationEventType, string>> = {
  NodeIntrospectionEvent: "evt.node-introspection",
  NodeRegistrationAcked: "cmd.node-registration-acked",
  NodeHeartbeatEvent: "evt.node-heartbeat",
  NodeDeregister: "cmd.node-deregister",
  NodeRegistrationInitiated: "evt.node-registration-initiated",
  NodeRegistrationAccepted: "evt.node-registration-accepted",
  NodeRegistrationRejected: "evt.node-registration-rejected",
  NodeRegistrationAckReceived: "evt.node-registration-ack-received",
  NodeRegistrationAckTimedOut: "evt.node-registration-ack-timed-out",
  NodeBecameActive: "evt.node-became-active",
  NodeUpdated: "evt.node-updated",
  NodeLivenessExpired: "evt.node-liveness-expired",
  NodeDeregistered: "evt.node-deregistered",
};

/** Empty segments are left out, with their dots. */
export const topicOf = (type: NodeMessageType | RegistrationEventType, { env = "dev", namespace = "" }: TopicPrefix) =>
  [env, namespace, "onex", TOPICS[type], "v1"].filter((segment) => segment !== "").join(".");
