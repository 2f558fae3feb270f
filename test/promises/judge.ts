import type { EntityHistory, Say } from "./entity-history.ts";
import type { HistoryEvent, Outage } from "./history.ts";
import type { Report } from "./promises.ts";

/** What was out of reach for longer than this is an outage. */
const OUTAGE_MS = 3_000;
/** Of resumed service, before a deadline fires. */
const GRACE_MAX_MS = 30_000;

/** What can be known beyond the events. What is left out nobody could see, and is not judged. */
export interface Witness {
  /** How far the clocks in the history may differ; 0 where there is one clock and all times are exact. */
  readonly clocksMs: number;
  readonly outages?: () => readonly Outage[];
  /** How late a deadline may fire; left out where not all parts were up all the time. */
  readonly lateMsMax?: number;
}

/**
 * Judges a history: G2, G5, G7, G9, and the numbers of G4. Takes each event once, in its entity's order. A domain adds
 * what its own events promise.
 */
export abstract class Judge<History extends EntityHistory> {
  readonly entities = new Map<string, History>();
  readonly #report: Report;
  readonly #witness: Witness;

  constructor(report: Report, witness: Witness) {
    this.#report = report;
    this.#witness = witness;
  }

  protected abstract newHistory(id: string): History;
  /** What the domain's own events promise beside. */
  protected abstract judge(event: HistoryEvent, entity: History, say: Say): void;

  event(event: HistoryEvent): void {
    const { type, payload } = event;
    const id = String(payload["entity_id"]);
    const entity = this.entities.get(id) ?? this.newHistory(id);
    this.entities.set(id, entity);
    const say: Say = (promise, what) =>
      this.#report(promise, `${type} ${String(payload["entity_seq"])} of ${id}: ${what}`);
    entity.add(event, say);
    const isFiring = entity.protocol.firings.includes(type);
    if (isFiring) this.#inTime(event, entity, say);
    this.judge(event, entity, say);
    if (isFiring) this.#afterOutages(event, entity, say);
  }

  /** @returns the entity as its events have it */
  purge(id: string): EntityHistory {
    const entity = this.entities.get(id) ?? this.newHistory(id);
    entity.purge();
    return entity;
  }

  #inTime({ payload, atMs }: HistoryEvent, entity: History, say: Say): void {
    const { clocksMs, lateMsMax } = this.#witness;
    const deadline = String(payload["deadline_at"]);
    if (deadline < entity.promisedDeadline) say("G7", `fired by ${deadline}, promised was ${entity.promisedDeadline}`);
    const emitted = String(payload["emitted_at"]);
    if (emitted < deadline) say("G7", `emitted at ${emitted}, before ${deadline}`);
    const lateMs = atMs - Date.parse(deadline);
    if (lateMs < -clocksMs) say("G7", `fired ${-lateMs} ms too early`);
    if (lateMsMax !== undefined && lateMs > lateMsMax) say("G7", `fired ${lateMs} ms late, with all parts up`);
  }

  #afterOutages({ payload, atMs }: HistoryEvent, { periodMs }: History, say: Say): void {
    const { clocksMs, outages } = this.#witness;
    const deadlineMs = Date.parse(String(payload["deadline_at"]));
    const graceMs = Math.min(periodMs, GRACE_MAX_MS);
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
}
