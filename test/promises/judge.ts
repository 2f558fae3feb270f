import { EntityHistory } from "./entity-history.ts";
import type { Ack, Heartbeat, HistoryEvent, Outage } from "./history.ts";
import type { PromiseId, Report } from "./promises.ts";

/** What was out of reach for longer than this is an outage. */
const OUTAGE_MS = 3_000;
/** Of resumed service, before a deadline fires. */
const GRACE_MAX_MS = 30_000;

/** What can be known beyond the events. What is left out nobody could see, and is not judged. */
export interface Witness {
  /** How far the clocks in the history may differ; 0 where there is one clock and all times are exact. */
  readonly clocksMs: number;
  /** The ACK with this message id; "unknown" where it can't be told which ACK it was. */
  readonly ack?: (messageId: string, entityId: string) => Ack | "unknown" | undefined;
  /** All requests are reported by `requested`: an ACK that names one is held against them. */
  readonly knowsRequests?: boolean;
  /** What was not done of what an acceptance needs. */
  readonly unconfirmed?: (entity: EntityHistory) => readonly string[];
  readonly heartbeats?: (entityId: string) => readonly Heartbeat[];
  readonly outages?: () => readonly Outage[];
  /** How late a deadline may fire; left out where not all parts were up all the time. */
  readonly lateMsMax?: number;
}

/** Judges a history: G2, G5, G7, G8, G9, and the numbers of G4. Takes each event once, in its entity's order. */
export class Judge {
  readonly entities = new Map<string, EntityHistory>();
  readonly #report: Report;
  readonly #witness: Witness;

  constructor(report: Report, witness: Witness) {
    this.#report = report;
    this.#witness = witness;
  }

  /** An introspection was taken while this attempt was current: an ACK may name it. */
  requested(entityId: string, correlationId: unknown, attemptId: unknown): void {
    this.entities.get(entityId)?.requested(correlationId, attemptId);
  }

  event(event: HistoryEvent): void {
    const { type, payload } = event;
    const id = String(payload["entity_id"]);
    const entity = this.entities.get(id) ?? new EntityHistory(id);
    this.entities.set(id, entity);
    const say = (promise: PromiseId, what: string): void =>
      this.#report(promise, `${type} ${String(payload["entity_seq"])} of ${id}: ${what}`);
    entity.add(event, say);
    if (type === "NodeRegistrationAccepted")
      for (const missing of this.#witness.unconfirmed?.(entity) ?? []) say("G5", missing);
    if (type === "NodeRegistrationAckReceived" || type === "NodeBecameActive") this.#activation(event, entity, say);
    if (type === "NodeRegistrationAckTimedOut" || type === "NodeLivenessExpired") this.#firing(event, entity, say);
  }

  #activation({ cause }: HistoryEvent, entity: EntityHistory, say: Report): void {
    if (!this.#witness.ack) return;
    const ack = this.#witness.ack(String(cause), entity.id);
    if (ack === "unknown") return;
    if (ack?.entityId !== entity.id) return say("G5", "no ACK of its own is its cause");
    if (ack.attemptId !== undefined && ack.attemptId !== entity.attemptId) say("G5", "its ACK is of another attempt");
    const { correlationId } = ack;
    if (this.#witness.knowsRequests && correlationId !== undefined)
      if (!entity.isRequestOf(correlationId, entity.attemptId)) say("G5", "its ACK names a request of another attempt");
  }

  #firing(event: HistoryEvent, entity: EntityHistory, say: Report): void {
    const { payload, atMs } = event;
    const { clocksMs, lateMsMax, outages } = this.#witness;
    const deadline = String(payload["deadline_at"]);
    const deadlineMs = Date.parse(deadline);
    if (deadline < entity.promisedDeadline) say("G7", `fired by ${deadline}, promised was ${entity.promisedDeadline}`);
    const emitted = String(payload["emitted_at"]);
    if (emitted < deadline) say("G7", `emitted at ${emitted}, before ${deadline}`);
    const lateMs = atMs - deadlineMs;
    if (lateMs < -clocksMs) say("G7", `fired ${-lateMs} ms too early`);
    if (lateMsMax !== undefined && lateMs > lateMsMax) say("G7", `fired ${lateMs} ms late, with all parts up`);
    if (event.type === "NodeLivenessExpired") this.#heartbeatBefore(event, entity, say);

    const graceMs = Math.min(entity.periodMs, GRACE_MAX_MS);
    for (const { of = "service", fromMs, toMs } of outages?.() ?? []) {
      // With several clocks nobody can tell whether it fired in the outage or just before.
      const heldFromMs = clocksMs === 0 && deadlineMs > fromMs ? fromMs : toMs;
      if (toMs - fromMs > OUTAGE_MS && atMs > heldFromMs && atMs < toMs + graceMs - clocksMs)
        say(
          "G9",
          `the ${of} was out of reach for ${toMs - fromMs} ms, until ${atMs - toMs} ms before: grace ${graceMs} ms`,
        );
    }
  }

  /** A heartbeat that lay in the log before the deadline, and would have put it off. */
  #heartbeatBefore({ payload }: HistoryEvent, entity: EntityHistory, say: Report): void {
    const deadlineMs = Date.parse(String(payload["deadline_at"]));
    const lastMs = Date.parse(String(payload["last_heartbeat_at"])) || entity.activeAtMs;
    const countedMs = this.#witness.clocksMs === 0 ? deadlineMs - entity.periodMs : lastMs;
    for (const { atMs, eventMs } of this.#witness.heartbeats?.(entity.id) ?? [])
      if (atMs > entity.activeAtMs && atMs < deadlineMs && eventMs > countedMs)
        say("G8", `a heartbeat of ${new Date(eventMs).toISOString()} lay in the log before the deadline`);
  }
}
