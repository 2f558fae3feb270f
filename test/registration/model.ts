import type { Message } from "../../runtime/core/message.ts";

/** protocol.md's orchestrator in a few lines, written independently of contracts and handlers. Times in ms. */
export interface Model {
  readonly state: string;
  readonly attemptId: string;
  readonly requests: readonly string[];
  readonly unconfirmed: readonly string[];
  readonly held: Held | null;
  readonly due: { readonly name: string; readonly at: number } | null;
}
interface Held {
  readonly type: unknown;
  readonly version: unknown;
  readonly epoch: number | undefined;
  readonly at: number;
}
type Prediction = readonly [after: Model, events: readonly string[]];

const PERIOD_MS = 30_000;
const SKEW_MS = 5_000;
const BOTH = ["ConsulRegistrationConfirmed", "PostgresRegistrationConfirmed"];
export const newModel: Model = { state: "(none)", attemptId: "", requests: [], unconfirmed: [], held: null, due: null };

export function predict(m: Model, message: Message): Prediction {
  const { kind, type, payload, now, attemptId } = message;
  if (kind !== "bus" && attemptId !== m.attemptId) return [m, []];
  const live = m.held !== null;
  if (type === "NodeIntrospectionEvent") return introspected(m, message);
  if (type === "NodeDeregister") return live ? end(m, "DEREGISTERED", "NodeDeregistered") : [m, []];
  if (type === "NodeHeartbeatEvent") return [renewed(m, now), []];
  if (type === "NodeRegistrationAcked") return acked(m, message);
  if (BOTH.includes(type)) return confirmed(m, type);
  if (type.startsWith("failed("))
    return m.state === "PENDING_REGISTRATION" ? end(m, "REJECTED", "NodeRegistrationRejected") : [m, []];
  if (type.startsWith("published("))
    return [
      m.state === "ACCEPTED" ? { ...m, state: "AWAITING_ACK", due: { name: "ack", at: now + PERIOD_MS } } : m,
      [],
    ];
  if (`deadline(${m.due?.name})` !== type || Date.parse(String(payload["deadline_at"])) !== m.due?.at) return [m, []];
  return m.due.name === "ack"
    ? end(m, "ACK_TIMED_OUT", "NodeRegistrationAckTimedOut")
    : end(m, "LIVENESS_EXPIRED", "NodeLivenessExpired");
}

const end = (m: Model, state: string, event: string): Prediction => [{ ...m, state, held: null, due: null }, [event]];

function introspected(m: Model, { payload, now, correlationId }: Message): Prediction {
  const next: Held = {
    type: payload["node_type"],
    version: payload["node_version"],
    epoch: payload["epoch"] as number | undefined,
    at: now,
  };
  const begin: Prediction = [
    { ...m, state: "PENDING_REGISTRATION", requests: [correlationId], unconfirmed: BOTH, held: next, due: null },
    ["NodeRegistrationInitiated"],
  ];
  const shutdown = payload["reason"] === "shutdown";
  if (!m.held) return shutdown ? [m, []] : begin;
  const both = next.epoch !== undefined && m.held.epoch !== undefined;
  const newer = both ? (next.epoch ?? 0) - (m.held.epoch ?? 0) : 0;
  if (both ? newer < 0 : now < m.held.at - SKEW_MS) return [m, []];
  if (shutdown) return end(m, "DEREGISTERED", "NodeDeregistered");
  const tellsApart = next.epoch !== undefined && m.held.epoch === undefined;
  const otherType = next.type !== m.held.type;
  const other = otherType || next.version !== m.held.version;
  if (newer > 0 || tellsApart || (m.state === "ACTIVE" ? otherType : other)) return begin;
  if (other) return [renewed({ ...m, held: { ...next, epoch: next.epoch ?? m.held.epoch } }, now), ["NodeUpdated"]];
  const joins = !m.requests.includes(correlationId) && m.requests.length < 9;
  return [renewed({ ...m, requests: joins ? [...m.requests, correlationId] : m.requests }, now), []];
}

const renewed = (m: Model, now: number): Model =>
  m.due?.name === "liveness" ? { ...m, due: { ...m.due, at: Math.max(m.due.at, now + PERIOD_MS) } } : m;

function acked(m: Model, { payload, now }: Message): Prediction {
  const { registration_attempt_id = m.attemptId, correlation_id = m.requests[0] } = payload;
  const answers = registration_attempt_id === m.attemptId && m.requests.includes(String(correlation_id));
  if (!answers || (m.state !== "ACCEPTED" && m.state !== "AWAITING_ACK")) return [m, []];
  return [
    { ...m, state: "ACTIVE", due: { name: "liveness", at: now + PERIOD_MS } },
    ["NodeRegistrationAckReceived", "NodeBecameActive"],
  ];
}

function confirmed(m: Model, type: string): Prediction {
  const unconfirmed = m.unconfirmed.filter((each) => each !== type);
  if (m.state !== "PENDING_REGISTRATION" || unconfirmed.length > 0) return [{ ...m, unconfirmed }, []];
  return [{ ...m, state: "ACCEPTED", unconfirmed }, ["NodeRegistrationAccepted"]];
}
