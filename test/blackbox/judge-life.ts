import type { Envelope } from "./evidence.ts";

/** What a node's events, taken together, say about it. */
export interface Life {
  readonly broken: readonly string[];
  readonly state: string | null;
  /** Of the last event. */
  readonly seq: number;
  /** Of the event that what is registered must follow at least. */
  readonly stateSeq: number;
  readonly serviceId: string;
  /** `host:port` of the first endpoint; `:null` without one. */
  readonly address: string;
}

/** Which event may come in which state, and the state that it leads to (protocol.md). */
export const FOLLOWS: Readonly<Record<string, { readonly from: readonly string[]; readonly to: string }>> = {
  NodeRegistrationAccepted: { from: ["PENDING_REGISTRATION"], to: "ACCEPTED" },
  NodeRegistrationRejected: { from: ["PENDING_REGISTRATION"], to: "REJECTED" },
  NodeRegistrationAckReceived: { from: ["ACCEPTED"], to: "ACK_RECEIVED" },
  NodeBecameActive: { from: ["ACK_RECEIVED"], to: "ACTIVE" },
  NodeRegistrationAckTimedOut: { from: ["ACCEPTED"], to: "ACK_TIMED_OUT" },
  NodeUpdated: { from: ["ACTIVE"], to: "ACTIVE" },
  NodeLivenessExpired: { from: ["ACTIVE"], to: "LIVENESS_EXPIRED" },
  NodeDeregistered: { from: ["PENDING_REGISTRATION", "ACCEPTED", "ACTIVE"], to: "DEREGISTERED" },
};
const ENDED = ["REJECTED", "ACK_TIMED_OUT", "LIVENESS_EXPIRED", "DEREGISTERED"];
export const LIVE = ["PENDING_REGISTRATION", "ACCEPTED", "ACK_RECEIVED", "ACTIVE"];

/**
 * Lives a node's life again by its events alone: which may follow which (G2), that none comes without its cause (G5),
 * that no deadline fired early (G7).
 * @param events each once, by entity_seq
 */
export function judgeLife(events: readonly Envelope[]): Life {
  const broken: string[] = [];
  const attempts = new Set<unknown>();
  let state: string | null = null;
  let attempt: unknown = null;
  let number = 0;
  let stateSeq = 0;
  let deadlineAt = "";
  let node: Readonly<Record<string, unknown>> = {};
  for (const { payload_type: type, payload } of events) {
    const seq = String(payload["entity_seq"]);
    const say = (promise: string, what: string): void => void broken.push(`${promise} ${type} at ${seq}: ${what}`);
    if (type === "NodeRegistrationInitiated") {
      const running: unknown = state !== null && LIVE.includes(state) ? attempt : null;
      if (payload["supersedes"] !== running)
        say("G2", `supersedes ${String(payload["supersedes"])}, not ${String(running)}`);
      if (attempts.has(payload["registration_attempt_id"])) say("G2", "an attempt begins twice");
      attempt = payload["registration_attempt_id"];
      attempts.add(attempt);
      if (payload["attempt"] !== ++number) say("G2", `attempt ${String(payload["attempt"])}, not ${number}`);
      state = "PENDING_REGISTRATION";
      node = payload["node"] as typeof node;
      continue;
    }
    const follows = FOLLOWS[type];
    if (!follows) say("G2", "an event that nobody knows");
    else if (ENDED.includes(follows.to) && state !== null && ENDED.includes(state))
      say("G2", `a second end, behind ${state}`);
    else if (state === null || !follows.from.includes(state)) say("G5", `comes in ${state}`);
    if (payload["registration_attempt_id"] !== attempt) say("G5", "is of another attempt than the current one");
    if (payload["attempt"] !== number) say("G5", `says attempt ${String(payload["attempt"])}, not ${number}`);
    if (type === "NodeRegistrationAckTimedOut" || type === "NodeLivenessExpired") {
      const at = String(payload["deadline_at"]);
      if (at < deadlineAt) say("G7", `fired by ${at}, promised was ${deadlineAt}`);
      if (String(payload["emitted_at"]) < at) say("G7", `emitted at ${String(payload["emitted_at"])}, before ${at}`);
    }
    deadlineAt = String(payload["ack_deadline"] ?? payload["liveness_deadline"] ?? deadlineAt);
    if (type === "NodeUpdated") node = payload["node"] as typeof node;
    state = follows?.to ?? state;
    if (type === "NodeUpdated" || type === "NodeBecameActive" || ENDED.includes(state ?? ""))
      stateSeq = Number(payload["entity_seq"]);
  }
  return {
    broken,
    state,
    seq: events.length,
    stateSeq,
    serviceId: `onex-${String(node["node_type"])}-${String(node["node_id"])}`,
    address: addressOf(node),
  };
}

function addressOf({ endpoints }: Readonly<Record<string, unknown>>): string {
  const [first] = Object.values((endpoints ?? {}) as Record<string, string>);
  if (first === undefined) return ":null";
  const { hostname, port } = new URL(first);
  return `${hostname}:${port}`;
}
