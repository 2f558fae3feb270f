import type { Say } from "../entity-history.ts";
import type { HistoryEvent } from "../history.ts";
import { Judge, type Witness } from "../judge.ts";
import type { Report } from "../promises.ts";
import { NodeHistory } from "./node-history.ts";

/** An ACK as it lies in the log. */
export interface Ack {
  readonly entityId: string;
  /** Undefined: it names none. */
  readonly attemptId: unknown;
  readonly correlationId: unknown;
}

/** A heartbeat in the partition of its entity. Both times in ms since the epoch. */
export interface Heartbeat {
  /** When the broker had it. */
  readonly atMs: number;
  /** What the node stated, within the allowed skew. */
  readonly eventMs: number;
}

export interface NodeWitness extends Witness {
  /** The ACK with this message id; "unknown" where it can't be told which ACK it was. */
  readonly ack?: (messageId: string, entityId: string) => Ack | "unknown" | undefined;
  /** All requests are reported by `requested`: an ACK that names one is held against them. */
  readonly knowsRequests?: boolean;
  /** What was not done of what an acceptance needs. */
  readonly unconfirmed?: (entity: NodeHistory) => readonly string[];
  readonly heartbeats?: (entityId: string) => readonly Heartbeat[];
}

/** Judges nodes: beside what each entity is promised, G5 by acceptances and ACKs, and G8 by heartbeats. */
export class NodeJudge extends Judge<NodeHistory> {
  readonly #witness: NodeWitness;

  constructor(report: Report, witness: NodeWitness) {
    super(report, witness);
    this.#witness = witness;
  }

  protected newHistory(id: string): NodeHistory {
    return new NodeHistory(id);
  }

  /** An introspection was taken while this attempt was current: an ACK may name it. */
  requested(entityId: string, correlationId: unknown, attemptId: unknown): void {
    this.entities.get(entityId)?.requested(correlationId, attemptId);
  }

  protected judge(event: HistoryEvent, entity: NodeHistory, say: Say): void {
    const { type } = event;
    if (type === "NodeRegistrationAccepted")
      for (const missing of this.#witness.unconfirmed?.(entity) ?? []) say("G5", missing);
    if (type === "NodeRegistrationAckReceived" || type === "NodeBecameActive") this.#activation(event, entity, say);
    if (type === "NodeLivenessExpired") this.#heartbeatBefore(event, entity, say);
  }

  #activation({ cause }: HistoryEvent, entity: NodeHistory, say: Say): void {
    if (!this.#witness.ack) return;
    const ack = this.#witness.ack(String(cause), entity.id);
    if (ack === "unknown") return;
    if (ack?.entityId !== entity.id) return say("G5", "no ACK of its own is its cause");
    if (ack.attemptId !== undefined && ack.attemptId !== entity.attemptId) say("G5", "its ACK is of another attempt");
    const { correlationId } = ack;
    if (this.#witness.knowsRequests && correlationId !== undefined)
      if (!entity.isRequestOf(correlationId, entity.attemptId)) say("G5", "its ACK names a request of another attempt");
  }

  /** A heartbeat that lay in the log before the deadline, and would have put it off. */
  #heartbeatBefore({ payload }: HistoryEvent, entity: NodeHistory, say: Say): void {
    const deadlineMs = Date.parse(String(payload["deadline_at"]));
    const lastMs = Date.parse(String(payload["last_heartbeat_at"])) || entity.activeAtMs;
    const countedMs = this.#witness.clocksMs === 0 ? deadlineMs - entity.periodMs : lastMs;
    for (const { atMs, eventMs } of this.#witness.heartbeats?.(entity.id) ?? [])
      if (atMs > entity.activeAtMs && atMs < deadlineMs && eventMs > countedMs)
        say("G8", `a heartbeat of ${new Date(eventMs).toISOString()} lay in the log before the deadline`);
  }
}
