import { EntityHistory, type Protocol, type Say } from "../entity-history.ts";
import type { HistoryEvent } from "../history.ts";

export const REGISTRATION: Protocol = {
  attemptField: "registration_attempt_id",
  begins: { type: "NodeRegistrationInitiated", to: "PENDING_REGISTRATION" },
  follows: {
    NodeRegistrationAccepted: { from: ["PENDING_REGISTRATION"], to: "ACCEPTED" },
    NodeRegistrationRejected: { from: ["PENDING_REGISTRATION"], to: "REJECTED" },
    NodeRegistrationAckReceived: { from: ["ACCEPTED"], to: "ACK_RECEIVED" },
    NodeBecameActive: { from: ["ACK_RECEIVED"], to: "ACTIVE" },
    NodeRegistrationAckTimedOut: { from: ["ACCEPTED"], to: "ACK_TIMED_OUT" },
    NodeUpdated: { from: ["ACTIVE"], to: "ACTIVE" },
    NodeLivenessExpired: { from: ["ACTIVE"], to: "LIVENESS_EXPIRED" },
    NodeDeregistered: { from: ["PENDING_REGISTRATION", "ACCEPTED", "ACTIVE"], to: "DEREGISTERED" },
  },
  ended: ["REJECTED", "ACK_TIMED_OUT", "LIVENESS_EXPIRED", "DEREGISTERED"],
  underWay: ["PENDING_REGISTRATION", "ACCEPTED"],
  promisedBy: ["ack_deadline", "liveness_deadline"],
  firings: ["NodeRegistrationAckTimedOut", "NodeLivenessExpired"],
};

/** A node by its events, with what its entry and row must say. */
export class NodeHistory extends EntityHistory {
  /** entity_seq of the event that the registered entry and row must follow at least. */
  stateSeq = 0;
  activeAtMs = Number.POSITIVE_INFINITY;
  node: Readonly<Record<string, unknown>> = {};
  /** Correlation id of a request -> the attempts that were current when it was taken. */
  readonly #requests = new Map<string, Set<unknown>>();

  constructor(id: string) {
    super(id, REGISTRATION);
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

  isRequestOf(correlationId: unknown, attemptId: unknown): boolean {
    return this.#requests.get(String(correlationId))?.has(attemptId) ?? false;
  }

  requested(correlationId: unknown, attemptId: unknown): void {
    const attempts = this.#requests.get(String(correlationId)) ?? new Set();
    this.#requests.set(String(correlationId), attempts.add(attemptId));
  }

  override add(event: HistoryEvent, say: Say): void {
    super.add(event, say);
    if (event.type === "NodeUpdated" || event.type === "NodeBecameActive" || this.hasEnded) this.stateSeq = this.seq;
  }

  protected override begin(payload: HistoryEvent["payload"], say: Say): void {
    const running = this.state === null || this.hasEnded ? null : this.attemptId;
    if (payload["supersedes"] !== running)
      say("G2", `supersedes ${String(payload["supersedes"])}, not ${String(running)}`);
    super.begin(payload, say);
    this.requested(payload["correlation_id"], this.attemptId);
    this.node = payload["node"] as typeof this.node;
  }

  protected override goOn(event: HistoryEvent, say: Say): void {
    super.goOn(event, say);
    if (event.type === "NodeBecameActive") this.activeAtMs = event.atMs;
    if (event.type === "NodeUpdated") this.node = event.payload["node"] as typeof this.node;
  }
}
