import type { Decision } from "../core/decision.ts";
import type { EmittedEvent } from "../core/emission.ts";
import type { Domain } from "../core/domain.ts";
import { attemptRefOf, type Entity } from "../core/entity.ts";
import { loadEntity, UnreadableData } from "../core/entity-data.ts";
import type { Intent } from "../core/intent.ts";
import type { EntityBefore, EntitySnapshot, JournalLine, OpenIntent } from "../core/journal.ts";
import type { Message } from "../core/message.ts";
import { deadlineMessage, outcomeMessage, publishedMessage, subjectOf } from "../core/runtime-messages.ts";
import { step } from "../core/step.ts";
import { toRfc3339 } from "../core/time.ts";
import { plannedDeadlineUntil, type RecordedMoment } from "./planned-deadlines.ts";
import { plannedPurge } from "./planned-purge.ts";
import {
  type DomainsByHash,
  EntityHistories,
  type EntityHistory,
  type HistoryObserver,
  type ReappliedStep,
} from "./entity-histories.ts";

export interface PlannedOutcome {
  readonly entityId: string;
  readonly verdict: "same" | "otherwise" | "unknown";
  /** The last state of each attempt, oldest first: as recorded, and under the edited contract. */
  readonly recorded: readonly string[];
  readonly planned: readonly string[];
  /** The first step that differs; null: none. Its `recorded` or `planned` is null when that run has no such step. */
  readonly first: {
    readonly at: string;
    readonly partition: number;
    readonly seq: number;
    readonly type: string;
    readonly recorded: StepSummary | null;
    readonly planned: StepSummary | null;
  } | null;
  /**
   * Why it can't be known how the planned run goes on. The verdict can still be `otherwise`, when an earlier attempt
   * ended differently.
   */
  readonly unknown: string | null;
}

export interface PlanWindow {
  /** The edited contract decides from `sinceMs` on; the plan ends at `untilMs`. Ms since the epoch. */
  readonly sinceMs: number;
  readonly untilMs: number;
}

export interface PlanObserver extends HistoryObserver {
  result(result: PlannedOutcome): void;
}

/**
 * Takes the lines of a journal and reports for each entity how the recorded inputs of a window of time would be decided
 * under an edited contract: the computation of `rollcall plan`. Messages and effects' outcomes are used as recorded;
 * deadlines fire as they would if all services were up. What can't be known is reported as unknown, never guessed.
 * @param recorded the contracts that the journal was written under
 */
export const createPlanner = (recorded: DomainsByHash, edited: Domain, window: PlanWindow, observer: PlanObserver) =>
  new EntityHistories(recorded, (entityId) => new PlannedHistory(entityId, edited, window, observer), observer);

/** What is known of an intent without an outcome: its payload is not when it was asked for before the first line. */
type UnfinishedIntent = OpenIntent & Pick<Intent, "entityId" | "traceparent">;

/** The last state of each attempt of a run, by attempt id. */
class FinalStates extends Map<string, string> {
  update(entity: Entity | undefined): void {
    if (entity?.state != null) this.set(entity.attempt.id, entity.state);
  }
}

/** One entity's journal, repeated under the contracts that it was written under and, in the window, the edited one. */
class PlannedHistory implements EntityHistory {
  readonly #entityId: string;
  readonly #edited: Domain;
  readonly #window: PlanWindow;
  readonly #observer: PlanObserver;
  readonly #recordedStates = new FinalStates();
  readonly #plannedStates = new FinalStates();
  #isPlanning = false;
  /** The entity under the edited contract. */
  #entity: Entity | undefined;
  /** By id. */
  readonly #unfinishedRecorded = new Map<string, UnfinishedIntent>();
  #unfinishedPlanned: UnfinishedIntent[] = [];
  /** Events of the planned run whose `published(...)` message the edited contract uses and which has not come yet. */
  #unpublished: EmittedEvent[] = [];
  /** Ids of the `published(...)` messages of what the recorded run has emitted since the plan began. */
  readonly #recordedPublished = new Set<string>();
  #firstDifference: PlannedOutcome["first"] = null;
  #unknownReason: string | undefined;
  #lastStep: ReappliedStep | undefined;

  constructor(entityId: string, edited: Domain, window: PlanWindow, observer: PlanObserver) {
    this.#entityId = entityId;
    this.#edited = edited;
    this.#window = window;
    this.#observer = observer;
  }

  begin(_: JournalLine, { intents }: EntityBefore): void {
    for (const intent of intents) this.#unfinishedRecorded.set(intent.id, { ...intent, entityId: this.#entityId });
  }

  addLine(line: JournalLine): void {
    if (line.kind === "end") this.#finishIntent(line.id);
  }

  addStep(recorded: ReappliedStep): void {
    const { line, message, before, decision } = recorded;
    if (!this.#isPlanning && Date.parse(line.at) >= this.#window.sinceMs) this.#startPlannedRun(before);
    for (const intent of decision.intents) this.#unfinishedRecorded.set(intent.id, intent);
    if (this.#isPlanning) {
      for (const event of decision.events)
        this.#recordedPublished.add(publishedMessage({ ...event, entityId: this.#entityId }, 0).id);
      if (this.#unknownReason === undefined) this.#planStep(recorded);
    }
    if (message.intentId !== undefined) this.#finishIntent(message.intentId);
    this.#recordedStates.update(decision.entity);
    this.#lastStep = recorded;
  }

  end({ line: { seq } }: Parameters<EntityHistory["end"]>[0], snapshot?: EntitySnapshot): void {
    if (!this.#isPlanning || !this.#lastStep) return;
    // When it has moved on since its lines were read, the plan ends with them: renewals after them are not known.
    const hasMovedOn = snapshot !== undefined && snapshot.last_line !== seq;
    if (this.#unknownReason === undefined && !hasMovedOn) this.#advanceToEnd(this.#lastStep, snapshot);
    const recorded = [...this.#recordedStates.values()];
    const planned = [...this.#plannedStates.values()];
    // An attempt that ended differently is known to differ, even when the next one is unknown.
    const endedOtherwise = [...this.#plannedStates]
      .slice(0, -1)
      .some(([id, state]) => this.#recordedStates.get(id) !== state);
    const isSame = JSON.stringify(recorded) === JSON.stringify(planned);
    const verdict = this.#unknownReason !== undefined && !endedOtherwise ? "unknown" : isSame ? "same" : "otherwise";
    this.#observer.result({
      entityId: this.#entityId,
      verdict,
      recorded,
      planned,
      first: this.#firstDifference,
      unknown: this.#unknownReason ?? null,
    });
  }

  #advanceToEnd({ line, domain, decision: { entity } }: ReappliedStep, snapshot: EntitySnapshot | undefined): void {
    const { untilMs } = this.#window;
    const before = entity && snapshot ? { ...entity, deadlines: snapshot.deadlines } : entity;
    const until = { line: { ...line, at: toRfc3339(untilMs) }, earliestMs: untilMs, latestMs: untilMs };
    this.#advanceTime({ domain, entity, before, ...until });
  }

  /** Begins with the recorded entity. Armed deadlines keep their times, as when contracts are reloaded. */
  #startPlannedRun(entity: Entity | undefined): void {
    this.#isPlanning = true;
    this.#entity = entity && this.#load(entity);
    this.#recordedStates.clear();
    for (const states of [this.#recordedStates, this.#plannedStates]) states.update(entity);
    this.#unfinishedPlanned = [...this.#unfinishedRecorded.values()];
    const { orchestrator, reducer } = this.#edited;
    const missing =
      entity?.state != null && !orchestrator.states.has(entity.state)
        ? entity.state
        : entity && !reducer.states.has(entity.reducerState)
          ? entity.reducerState
          : undefined;
    if (missing !== undefined)
      this.#unknownReason ??=
        `the edited contract has no state ${missing}, in which the entity was: ` + "a reload would be refused";
  }

  /** As it would be read from the store. */
  #load(entity: Entity): Entity {
    try {
      return loadEntity(this.#edited, entity);
    } catch (error) {
      if (!(error instanceof UnreadableData)) throw error;
      this.#unknownReason = `its data can't be read: ${error.message}: a start would be refused`;
      return entity;
    }
  }

  #planStep(recorded: ReappliedStep): void {
    const { line, domain, message, decision } = recorded;
    const atMs = Date.parse(line.at);
    this.#advanceTime({
      ...recorded,
      earliestMs: message.now,
      latestMs: message.kind === "bus" ? Math.min(atMs, message.now + domain.maxClockSkewMs) : atMs,
    });
    if (this.#unknownReason !== undefined) return;
    const translated = this.#translate(this.#entity, message);
    const planned = translated && this.#stepPlanned(translated, decision);
    this.#noteFirstDifference(line, message.type, decision, planned);
  }

  /** Fires the deadlines of the planned run that were due before the recorded step. */
  #advanceTime(moment: RecordedMoment): void {
    while (this.#entity) {
      const deadline = plannedDeadlineUntil(this.#edited, this.#entity, moment);
      if (deadline === undefined) return;
      if (deadline.kind === "unknown") {
        this.#unknownReason = deadline.reason;
        return;
      }
      if (deadline.kind === "moved") {
        const deadlines = { ...this.#entity.deadlines, [deadline.name]: deadline.armed };
        this.#entity = { ...this.#entity, deadlines };
      } else {
        const planned = this.#stepPlanned(deadline.message, undefined);
        this.#noteFirstDifference(moment.line, deadline.message.type, undefined, planned);
      }
    }
  }

  /** The recorded message as the planned run would get it; undefined when that run would not get it, or not yet. */
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
      if (!event) {
        // What was emitted before the plan began is published in both runs.
        const isShared = this.#edited.awaitsPublish.has(subject) && !this.#recordedPublished.has(message.id);
        return isShared ? message : undefined;
      }
      const { id, type, correlationId } = event;
      return publishedMessage({ id, type, entityId, attemptId: event.attemptId, correlationId }, now);
    }
    if (message.kind === "purge") return plannedPurge(this.#edited, entity, message);
    const intent = this.#plannedCounterpart(message.intentId ?? "");
    return intent && outcomeMessage(intent, message, message.now);
  }

  #stepPlanned(message: Message, recorded: Decision | undefined): Decision {
    const decision = step(this.#edited, this.#entity, message);
    this.#entity = decision.entity;
    this.#plannedStates.update(decision.entity);
    for (const intent of decision.intents) {
      this.#unfinishedPlanned.push(intent);
      const hasOutcome = (this.#edited.effects.get(intent.type)?.outputEvents.length ?? 0) > 0;
      if (hasOutcome && !counterpart([...this.#unfinishedRecorded.values()], intent))
        this.#unknownReason ??= `the outcome of ${intent.type}: the recorded run never asked for it`;
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
    const planned = this.#plannedCounterpart(intentId);
    this.#unfinishedPlanned = this.#unfinishedPlanned.filter((each) => each !== planned);
    this.#unfinishedRecorded.delete(intentId);
  }

  #plannedCounterpart(intentId: string): UnfinishedIntent | undefined {
    const recorded = this.#unfinishedRecorded.get(intentId);
    return recorded && counterpart(this.#unfinishedPlanned, recorded);
  }

  #noteFirstDifference(line: JournalLine, type: string, recordedDecision?: Decision, plannedDecision?: Decision): void {
    const [recorded, planned] = [summarize(recordedDecision), summarize(plannedDecision)];
    if (JSON.stringify(recorded) === JSON.stringify(planned)) return;
    this.#firstDifference ??= { at: line.at, partition: line.partition, seq: line.seq, type, recorded, planned };
  }
}

/** Of the other run's intents the one with the same id, or else of the same attempt, type and target. */
const counterpart = (
  intents: readonly UnfinishedIntent[],
  { id, attemptId, type, target }: UnfinishedIntent,
): UnfinishedIntent | undefined =>
  intents.find((each) => each.id === id) ??
  intents.find((each) => each.attemptId === attemptId && each.type === type && each.target === target);

const summarize = (decision: Decision | undefined) =>
  decision
    ? {
        result: decision.result,
        reason: decision.reason,
        state: decision.entity?.state ?? null,
        events: decision.events.map(({ type }) => type),
        intents: decision.intents.map(({ type }) => type),
      }
    : null;
/** The parts of a decision in which the two runs are compared. */
export type StepSummary = NonNullable<ReturnType<typeof summarize>>;
