import type { HistoryEvent } from "./history.ts";
import type { PromiseId } from "./promises.ts";

type Say = (promise: PromiseId, what: string) => void;

/** Which event may come in which state, and the state that it leads to (protocol.md). */
const FOLLOWS: Readonly<Record<string, { readonly from: readonly string[]; readonly to: string }>> = {
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
const hasEnded = (state: string | null): boolean => state !== null && ENDED.includes(state);

/** What the events of one entity, taken in order, say about it. */
export class EntityHistory {
  readonly id: string;
  state: string | null = null;
  /** entity_seq of the last event. */
  seq = 0;
  attemptId: unknown = "";
  attempt = 0;
  /** entity_seq of the attempt's first event: the version of its intents. */
  version = 0;
  /** entity_seq of the event that the registered entry and row must follow at least. */
  stateSeq = 0;
  /** The deadline that was promised last in this attempt, and the time from the promise until then. */
  promisedDeadline = "";
  periodMs = 0;
  activeAtMs = Number.POSITIVE_INFINITY;
  node: Readonly<Record<string, unknown>> = {};
  readonly #attempts = new Set<unknown>();
  /** Correlation id of a request -> the attempts that were current when it was taken. */
  readonly #requests = new Map<string, Set<unknown>>();

  constructor(id: string) {
    this.id = id;
  }

  get serviceId(): string {
    return `onex-${String(this.node["node_type"])}-${this.id}`;
  }

  /** Of the first endpoint; null without one. */
  get endpoint(): { readonly host: string; readonly port: string } | null {
    const [first] = Object.values((this.node["endpoints"] ?? {}) as Readonly<Record<string, string>>);
    if (first === undefined) return null;
    const { hostname, port } = new URL(first);
    return { host: hostname, port };
  }

  get isUnderWay(): boolean {
    return this.state === "PENDING_REGISTRATION" || this.state === "ACCEPTED";
  }

  isRequestOf(correlationId: unknown, attemptId: unknown): boolean {
    return this.#requests.get(String(correlationId))?.has(attemptId) ?? false;
  }

  requested(correlationId: unknown, attemptId: unknown): void {
    const attempts = this.#requests.get(String(correlationId)) ?? new Set();
    this.#requests.set(String(correlationId), attempts.add(attemptId));
  }

  /** The next event: G2 by what may follow what, G4 by its number, G5 by its attempt, G7 by the promised deadline. */
  add(event: HistoryEvent, say: Say): void {
    const { type, payload } = event;
    const seq = Number(payload["entity_seq"]);
    if (seq !== this.seq + 1) say("G4", `follows ${this.seq}`);
    this.seq = seq;
    if (type === "NodeRegistrationInitiated") this.#begin(payload, say);
    else this.#goOn(event, say);
    if (type === "NodeUpdated" || type === "NodeBecameActive" || hasEnded(this.state)) this.stateSeq = seq;
  }

  #begin(payload: HistoryEvent["payload"], say: Say): void {
    const running = this.state === null || hasEnded(this.state) ? null : this.attemptId;
    if (payload["supersedes"] !== running)
      say("G2", `supersedes ${String(payload["supersedes"])}, not ${String(running)}`);
    this.attemptId = payload["registration_attempt_id"];
    if (this.#attempts.has(this.attemptId)) say("G2", "an attempt begins twice");
    this.#attempts.add(this.attemptId);
    if (payload["attempt"] !== ++this.attempt) say("G2", `attempt ${String(payload["attempt"])}, not ${this.attempt}`);
    this.requested(payload["correlation_id"], this.attemptId);
    this.state = "PENDING_REGISTRATION";
    this.version = this.seq;
    this.promisedDeadline = "";
    this.node = payload["node"] as typeof this.node;
  }

  #goOn({ type, payload, atMs }: HistoryEvent, say: Say): void {
    const follows = FOLLOWS[type];
    if (!follows) say("G2", "an event that the protocol does not have");
    else if (ENDED.includes(follows.to) && hasEnded(this.state)) say("G2", `a second end, behind ${this.state}`);
    else if (this.state === null || !follows.from.includes(this.state)) say("G5", `comes in ${this.state}`);
    if (payload["registration_attempt_id"] !== this.attemptId) say("G5", "is of another attempt than the current one");
    if (payload["attempt"] !== this.attempt)
      say("G5", `says attempt ${String(payload["attempt"])}, not ${this.attempt}`);
    const promised = payload["ack_deadline"] ?? payload["liveness_deadline"];
    if (promised !== undefined) {
      this.promisedDeadline = String(promised);
      this.periodMs = Date.parse(this.promisedDeadline) - Date.parse(String(payload["emitted_at"]));
    }
    if (type === "NodeBecameActive") this.activeAtMs = atMs;
    if (type === "NodeUpdated") this.node = payload["node"] as typeof this.node;
    this.state = follows?.to ?? this.state;
  }
}
