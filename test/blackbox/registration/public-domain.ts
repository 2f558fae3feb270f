import type { PublicDomain } from "../topics.ts";

export const REGISTRATION: PublicDomain = {
  name: "registration",
  idField: "node_id",
  attemptField: "registration_attempt_id",
  inputs: {
    NodeIntrospectionEvent: "evt.node-introspection",
    NodeRegistrationAcked: "cmd.node-registration-acked",
    NodeHeartbeatEvent: "evt.node-heartbeat",
    NodeDeregister: "cmd.node-deregister",
  },
  outputs: ["initiated", "accepted", "rejected", "ack-received", "ack-timed-out"]
    .map((name) => `evt.node-registration-${name}`)
    .concat(["became-active", "updated", "liveness-expired", "deregistered"].map((name) => `evt.node-${name}`)),
  deadLetters: "dlq.registration",
  topicIn: (namespace, name) => `dev.${namespace}.onex.${name}.v1`,
};
