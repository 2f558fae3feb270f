import type { Decision, EmittedEvent } from "../core/decision.ts";
import type { Domain } from "../core/domain.ts";
import { attemptRefOf, type Entity } from "../core/entity.ts";
import type { Intent } from "../core/intent.ts";
import type { EntitySnapshot, JournalRow } from "../core/journal.ts";
import type { Message } from "../core/message.ts";
import { deadlineMessage, outcomeMessage, publishedMessage, subjectOf } from "../core/runtime-messages.ts";
import { step } from "../core/step.ts";
import { toRfc3339 } from "../core/time.ts";
import type { EntityHistory } from "./entity-histories.ts";
import { plannedDeadlineUntil, type RecordedMoment } from "./planned-deadlines.ts";
import type { PlannedOutcome, PlannedStep, PlanObserver, PlanWindow } from "./planned-outcome.ts";
import { type DomainsByHash, reapply, type ReappliedStep, settledIntentIn, stepRecordIn } from "./reapply.ts";

/** A run of the entity: under the recorded contracts, or under the edited one. */
class SimulatedRun {
  entity: Entity | undefined;
  /** The last state of each attempt, by attempt id. */
  readonly finalStates = new Map<string, string>();

  advance(entity: Entity | undefined): void {
    this.entity = entity;
    if (entity?.state != null) this.finalStates.set(entity.attempt.id, entity.state);
  }
}

/** One entity's journal, run again under its own contracts and, from a time on, under the edited one too. */
export class PlannedHistory implements EntityHistory {
  readonly #entityId: string;
  readonly #domainsByHash: DomainsByHash;
  readonly #edited: Domain;
  readonly #window: PlanWindow;
  readonly #observer: PlanObserver;
  readonly #recorded = new SimulatedRun();
  #planned: SimulatedRun | undefined;
  /** Unfinished intents of the recorded run, by id, and of the planned run. */
  readonly #requested = new Map<string, Intent>();
  #unfinished: Intent[] = [];
  /** Events of the planned run that a `published(...)` waits for. */
  #unpublished: EmittedEvent[] = [];
  #firstDifference: PlannedOutcome["first"] = null;
  #unknownReason: string | undefined;
  #snapshot: EntitySnapshot | undefined;
  #last: { readonly row: JournalRow; readonly domain: Domain } | undefined;
  #isIncomplete = false;

  constructor(entityId: string, contracts: DomainsByHash, edited: Domain, window: PlanWindow, observer: PlanObserver) {
    this.#entityId = entityId;
    this.#domainsByHash = contracts;
    this.#edited = edited;
    this.#window = window;
    this.#observer = observer;
  }

  addRow(row: JournalRow): void {
    if (this.#isIncomplete) return;
    const settled = settledIntentIn(row);
    if (settled) this.#finishIntent(settled.intent.id);
    const found = stepRecordIn(row);
    if (!found) return;
    const domain = this.#domainsByHash.get(row.contract_hash);
    if (!domain) return this.#abandon("the contracts that it ran under are not there");
    if (found.record.before && !this.#recorded.entity)
      return this.#abandon("its journal does not begin with its first step");
    const recordedStep = reapply(domain, this.#recorded.entity, row, found);
    const { message, before, decision } = recordedStep;
    if (!this.#planned && Date.parse(row.at) >= this.#window.sinceMs) this.#startPlannedRun(before);
    for (const intent of decision.intents) this.#requested.set(intent.id, intent);
    if (this.#planned && this.#unknownReason === undefined) this.#planStep(this.#planned, row, domain, recordedStep);
    if (message.intentId !== undefined) this.#finishIntent(message.intentId);
    this.#recorded.advance(decision.entity);
    this.#last = { row, domain };
  }

  addSnapshot(entity: EntitySnapshot): void {
    this.#snapshot = entity;
  }

  end(): void {
    if (!this.#planned || !this.#last) return;
    const { entity } = this.#recorded;
    const seenEntity = entity && this.#snapshot ? { ...entity, deadlines: this.#snapshot.deadlines } : entity;
    const { untilMs } = this.#window;
    const { row, domain } = this.#last;
    const moment = { domain, replayedEntity: entity, seenEntity, earliestMs: untilMs, latestMs: untilMs };
    if (this.#unknownReason === undefined) this.#advanceTime(this.#planned, { ...row, at: toRfc3339(untilMs) }, moment);
    const recorded = [...this.#recorded.finalStates.values()];
    const planned = [...this.#planned.finalStates.values()];
    // Whether an attempt that has ended differs is known, also when the next one is unknown.
    const isOtherwise = [...this.#planned.finalStates]
      .slice(0, -1)
      .some(([id, state]) => this.#recorded.finalStates.get(id) !== state);
    const isSame = JSON.stringify(recorded) === JSON.stringify(planned);
    const verdict = this.#unknownReason !== undefined && !isOtherwise ? "unknown" : isSame ? "same" : "otherwise";
    this.#observer.result({
      entityId: this.#entityId,
      verdict,
      recorded,
      planned,
      first: this.#firstDifference,
      unknown: this.#unknownReason ?? null,
    });
  }

  /** From here on the edited contract decides. Armed deadlines keep their times, as when contracts are reloaded. */
  #startPlannedRun(entity: Entity | undefined): void {
    this.#planned = new SimulatedRun();
    this.#recorded.finalStates.clear();
    for (const run of [this.#recorded, this.#planned]) run.advance(entity);
    this.#unfinished = [...this.#requested.values()];
    const { orchestrator, reducer } = this.#edited;
    const missing =
      entity?.state != null && !orchestrator.states.has(entity.state)
        ? entity.state
        : entity && !reducer.states.has(entity.reducerState)
          ? entity.reducerState
          : undefined;
    if (missing !== undefined)
      this.#unknownReason = `the edited contract has no state ${missing}, in which it was: a reload would be refused`;
  }

  #planStep(run: SimulatedRun, row: JournalRow, domain: Domain, recordedStep: ReappliedStep): void {
    const { message, before, decision } = recordedStep;
    const atMs = Date.parse(row.at);
    this.#advanceTime(run, row, {
      domain,
      replayedEntity: this.#recorded.entity,
      seenEntity: before,
      earliestMs: message.now,
      latestMs: message.kind === "bus" ? Math.min(atMs, message.now + domain.maxClockSkewMs) : atMs,
    });
    if (this.#unknownReason !== undefined) return;
    const translated = this.#translate(run.entity, message);
    const planned = translated && this.#stepPlanned(run, translated, decision);
    this.#noteFirstDifference(row, message.type, decision, planned);
  }

  /** Lets the planned run's deadlines fire that were due before the recorded step. */
  #advanceTime(run: SimulatedRun, row: JournalRow, moment: RecordedMoment): void {
    while (run.entity) {
      const deadline = plannedDeadlineUntil(this.#edited, run.entity, moment);
      if (deadline.kind === "not due") return;
      if (deadline.kind === "unknown") {
        this.#unknownReason = deadline.reason;
        return;
      }
      if (deadline.kind === "moved")
        run.entity = { ...run.entity, deadlines: { ...run.entity.deadlines, [deadline.name]: deadline.armed } };
      else {
        const planned = this.#stepPlanned(run, deadline.message, undefined);
        this.#noteFirstDifference(row, deadline.message.type, undefined, planned);
      }
    }
  }

  /** The recorded message as the planned run would get it; undefined: it would not come there, or not yet. */
  #translate(entity: Entity | undefined, message: Message): Message | undefined {
    if (message.kind === "bus") return message;
    const subject = subjectOf(message.type);
    if (message.kind === "deadline") {
      const armed = entity?.attempt.id === message.attemptId ? entity?.deadlines[subject] : undefined;
      if (!entity || !armed || armed.at > message.now) return undefined;
      return deadlineMessage(attemptRefOf(entity.id, entity.attempt), subject, armed);
    }
    if (message.kind === "published") {
      const { entityId, now, attemptId } = message;
      const event = this.#unpublished.find((each) => each.type === subject && each.attemptId === attemptId);
      this.#unpublished = this.#unpublished.filter((each) => each !== event);
      if (!event) return undefined;
      const { id, type, correlationId } = event;
      return publishedMessage({ id, type, entityId, attemptId: event.attemptId, correlationId }, now);
    }
    const same = this.#plannedCounterpart(message.intentId ?? "");
    return same && outcomeMessage(same, message, message.now);
  }

  #stepPlanned(run: SimulatedRun, message: Message, recorded: Decision | undefined): Decision {
    const decision = step(this.#edited, run.entity, message);
    run.advance(decision.entity);
    for (const intent of decision.intents) {
      this.#unfinished.push(intent);
      const hasOutcome = (this.#edited.effects.get(intent.type)?.outputEvents.length ?? 0) > 0;
      if (hasOutcome && !counterpart([...this.#requested.values()], intent))
        this.#unknownReason ??= `what ${intent.type} would have come to: the recorded run never asked for it`;
    }
    for (const event of decision.events) {
      if (!this.#edited.awaitsPublish.has(event.type)) continue;
      this.#unpublished.push(event);
      if (!recorded?.events.some(({ type }) => type === event.type))
        this.#unknownReason ??=
          `when ${event.type} would have been published: ` + "the recorded run did not publish it then";
    }
    return decision;
  }

  #finishIntent(intentId: string): void {
    const same = this.#plannedCounterpart(intentId);
    this.#unfinished = this.#unfinished.filter((each) => each !== same);
    this.#requested.delete(intentId);
  }

  #plannedCounterpart(intentId: string): Intent | undefined {
    const requested = this.#requested.get(intentId);
    return requested && counterpart(this.#unfinished, requested);
  }

  #noteFirstDifference(
    { at, partition, seq }: JournalRow,
    type: string,
    recordedDecision: Decision | undefined,
    plannedDecision: Decision | undefined,
  ): void {
    const recorded = recordedDecision ? plannedStepOf(recordedDecision) : null;
    const planned = plannedDecision ? plannedStepOf(plannedDecision) : null;
    if (JSON.stringify(recorded) === JSON.stringify(planned)) return;
    this.#firstDifference ??= { at, partition, seq, type, recorded, planned };
  }

  #abandon(reason: string): void {
    this.#isIncomplete = true;
    this.#planned = undefined;
    this.#observer.incomplete(this.#entityId, reason);
  }
}

/** The same request in the other run: with the same id, or of the same attempt for the same target. */
const counterpart = (among: readonly Intent[], { id, attemptId, type, target }: Intent): Intent | undefined =>
  among.find((each) => each.id === id) ??
  among.find((each) => each.attemptId === attemptId && each.type === type && each.target === target);

const plannedStepOf = ({ result, reason, entity, events, intents }: Decision): PlannedStep => ({
  result,
  reason,
  state: entity?.state ?? null,
  events: events.map(({ type }) => type),
  intents: intents.map(({ type }) => type),
});
