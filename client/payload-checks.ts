import type { RegistrationPayloads } from "./payloads.ts";

/** Whether a value has the type of its field. */
type Check = (value: unknown) => boolean;
type Fields = Readonly<Record<string, Check>>;

const text: Check = (value) => typeof value === "string";
const time: Check = (value) => typeof value === "string" && !Number.isNaN(Date.parse(value));
const integer: Check = (value) => Number.isSafeInteger(value);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const mapOf =
  (check: Check): Check =>
  (value) =>
    isMap(value) && Object.values(value).every(check);
const oneOf =
  (...words: readonly unknown[]): Check =>
  (value) =>
    words.includes(value);
const objectOf =
  (fields: Fields): Check =>
  (value) =>
    isMap(value) && Object.entries(fields).every(([name, check]) => check(value[name]));

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const published: Fields = {
  node_id: text,
  correlation_id: text,
  causation_id: text,
  registration_attempt_id: text,
  attempt: integer,
  entity_seq: integer,
  emitted_at: text,
};
const nodeType = oneOf("effect", "compute", "reducer", "orchestrator");
const node = objectOf({
  node_id: text,
  node_type: nodeType,
  node_version: text,
  node_name: optional(text),
  node_role: optional(text),
  capabilities: listOf(text),
  endpoints: mapOf(text),
  health_endpoint: optional(text),
  metadata: mapOf(text),
  epoch: optional((value) => integer(value) && Number(value) >= 0),
  introspected_at: time,
});

/** By event type: whether a payload has every field of its type. */
export const PAYLOAD_CHECKS: Readonly<Record<keyof RegistrationPayloads, Check>> = {
  NodeRegistrationInitiated: objectOf({ ...published, node_type: nodeType, node, supersedes: orNull(text) }),
  NodeRegistrationAccepted: objectOf({ ...published, ack_deadline: time, service_id: text }),
  NodeRegistrationRejected: objectOf({
    ...published,
    rejection_reason: (value) => text(value) && value !== "",
    failed_backends: listOf(objectOf({ backend: text, error_code: text, message: text })),
  }),
  NodeRegistrationAckReceived: objectOf({ ...published, liveness_deadline: time }),
  NodeRegistrationAckTimedOut: objectOf({ ...published, deadline_at: time }),
  NodeBecameActive: objectOf({
    ...published,
    node_type: nodeType,
    liveness_deadline: time,
    capabilities: listOf(text),
    endpoints: mapOf(text),
  }),
  NodeUpdated: objectOf({ ...published, node }),
  NodeLivenessExpired: objectOf({ ...published, deadline_at: time, last_heartbeat_at: orNull(time) }),
  NodeDeregistered: objectOf({ ...published, reason: text }),
};
