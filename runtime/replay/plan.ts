import type { Decision, EmittedEvent } from "../core/decision.ts";
import type { Domain } from "../core/domain.ts";
import type { Entity } from "../core/entity.ts";
import { derivedId } from "../core/ids.ts";
import type { Intent } from "../core/intent.ts";
import type { JournalRow, EntitySnapshot } from "../core/journal.ts";
import type { Message } from "../core/message.ts";
import { plannedDeadlineUntil, deadlineMessage, type RecordedMoment } from "./planned-deadlines.ts";
import { type DomainsByHash, reapply, settledIntentIn, stepRecordIn } from "./reapply.ts";
import { step } from "../core/step.ts";
import { toRfc3339 } from "../core/time.ts";

/** What a step came to, as far as contracts decide it. */
export interface PlannedStep {
  readonly result: Decision["result"];
  readonly reason: string;
  readonly state: string | null;
  readonly events: readonly string[];
  readonly intents: readonly string[];
}

export interface PlannedOutcome {
  readonly entityId: string;
  readonly verdict: "same" | "otherwise" | "unknown";
  /** The state in which each attempt was left, oldest first: as recorded, and as the edited contract has it. */
  readonly recorded: readonly string[];
  readonly planned: readonly string[];
  /** Where the two part; null: not at all. A run that takes no step there has none. */
  readonly first: {
    readonly at: string;
    readonly partition: number;
    readonly seq: number;
    readonly type: string;
    readonly recorded: PlannedStep | null;
    readonly planned: PlannedStep | null;
  } | null;
  /**
   * Why it can't be known how the planned run goes on; with `otherwise` an earlier attempt's end is known to differ.
   */
  readonly unknown: string | null;
}

interface SimulatedRun {
  entity: Entity | undefined;
  readonly finalStates: Map<string, string>;
}
interface PlannedHistory {
  readonly entityId: string;
  readonly recorded: SimulatedRun;
  /** What the recorded run asked for, by id, until it is finished. */
  readonly requested: Map<string, Intent>;
  planned: SimulatedRun | undefined;
  unfinished: Intent[];
  unpublished: EmittedEvent[];
  firstDifference: PlannedOutcome["first"];
  unknownReason: string | undefined;
  snapshot: EntitySnapshot | undefined;
  lastRow: JournalRow | undefined;
  lastDomain: Domain | undefined;
  isIncomplete: boolean;
}

export interface PlanObserver {
  result(result: PlannedOutcome): void;
  incomplete(entityId: string, reason: string): void;
}

/**
 * Runs recorded inputs against an edited contract, from a time on. Inputs and effects' outcomes are taken as recorded;
 * deadlines fire when they would have with everything up. What can't be known is said, never guessed. Rows come entity
 * by entity; one is held at a time.
 */
export class Plan {
  readonly #domainsByHash: DomainsByHash;
  readonly #edited: Domain;
  readonly #sinceMs: number;
  readonly #untilMs: number;
  readonly #observer: PlanObserver;
  #history: PlannedHistory | undefined;

  constructor(
    contracts: DomainsByHash,
    edited: Domain,
    window: { readonly sinceMs: number; readonly untilMs: number },
    observer: PlanObserver,
  ) {
    this.#domainsByHash = contracts;
    this.#edited = edited;
    this.#sinceMs = window.sinceMs;
    this.#untilMs = window.untilMs;
    this.#observer = observer;
  }

  row(row: JournalRow): void {
    if (row.entity_id === null) return;
    const history = this.#historyOf(row.entity_id);
    if (history.isIncomplete) return;
    const settled = settledIntentIn(row);
    if (settled) this.#finishIntent(history, settled.intent.id);
    if (!stepRecordIn(row)) return;
    const domain = this.#domainsByHash.get(row.contract_hash);
    const recordedStep = domain && reapply(domain, history.recorded.entity, row);
    const { before } = stepRecordIn(row)?.record ?? {};
    if (!domain || !recordedStep || (before && !history.recorded.entity)) return this.#abandon(history, domain);
    if (!history.planned && Date.parse(row.at) >= this.#sinceMs) this.#startPlannedRun(history, recordedStep.before);
    for (const intent of recordedStep.decision.intents) history.requested.set(intent.id, intent);
    if (history.planned && history.unknownReason === undefined)
      this.#planStep(history, history.planned, row, domain, recordedStep);
    if (recordedStep.message.intentId !== undefined) this.#finishIntent(history, recordedStep.message.intentId);
    advanceRun(history.recorded, recordedStep.decision.entity);
    history.lastRow = row;
    history.lastDomain = domain;
  }

  snapshot(entity: EntitySnapshot): void {
    this.#historyOf(entity.entity_id).snapshot = entity;
  }

  end(): void {
    this.#finishHistory();
  }

  #historyOf(entityId: string): PlannedHistory {
    if (this.#history?.entityId === entityId) return this.#history;
    this.#finishHistory();
    return (this.#history = {
      ...{
        entityId,
        recorded: { entity: undefined, finalStates: new Map() },
        requested: new Map(),
        planned: undefined,
        unfinished: [],
      },
      ...{
        unpublished: [],
        firstDifference: null,
        unknownReason: undefined,
        snapshot: undefined,
        lastRow: undefined,
        lastDomain: undefined,
        isIncomplete: false,
      },
    });
  }

  /** From here on the edited contract decides. What is armed keeps its time, as at a reload. */
  #startPlannedRun(history: PlannedHistory, entity: Entity | undefined): void {
    history.planned = { entity: undefined, finalStates: new Map() };
    history.recorded.finalStates.clear();
    for (const run of [history.recorded, history.planned]) advanceRun(run, entity);
    history.unfinished = [...history.requested.values()];
    const { orchestrator, reducer } = this.#edited;
    if (entity?.state != null && !orchestrator.states.has(entity.state))
      history.unknownReason = missingStateReason(entity.state);
    else if (entity && !reducer.states.has(entity.reducerState))
      history.unknownReason = missingStateReason(entity.reducerState);
  }

  #planStep(
    history: PlannedHistory,
    run: SimulatedRun,
    row: JournalRow,
    domain: Domain,
    recordedStep: NonNullable<ReturnType<typeof reapply>>,
  ): void {
    const { message, before, decision } = recordedStep;
    const { maxClockSkewMs } = domain;
    const latestMs =
      message.kind === "bus" ? Math.min(Date.parse(row.at), message.now + maxClockSkewMs) : Date.parse(row.at);
    const moment = {
      domain,
      replayedEntity: history.recorded.entity,
      seenEntity: before,
      earliestMs: message.now,
      latestMs,
    };
    this.#advanceTime(history, run, row, moment);
    if (history.unknownReason !== undefined) return;
    const translated = this.#translate(history, run.entity, message);
    const planned = translated && this.#stepPlanned(history, run, translated, decision);
    this.#noteFirstDifference(history, row, message.type, decision, planned);
  }

  #advanceTime(history: PlannedHistory, run: SimulatedRun, row: JournalRow, moment: RecordedMoment): void {
    while (run.entity) {
      const deadline = plannedDeadlineUntil(this.#edited, run.entity, moment);
      if (deadline.kind === "not due") return;
      if (deadline.kind === "unknown") {
        history.unknownReason = deadline.reason;
        return;
      }
      if (deadline.kind === "moved")
        run.entity = { ...run.entity, deadlines: { ...run.entity.deadlines, [deadline.name]: deadline.armed } };
      else
        this.#noteFirstDifference(
          history,
          row,
          deadline.message.type,
          undefined,
          this.#stepPlanned(history, run, deadline.message, undefined),
        );
    }
  }

  /** The recorded message as the planned run would have got it; undefined: it would not have come, or not yet. */
  #translate(history: PlannedHistory, entity: Entity | undefined, message: Message): Message | undefined {
    if (message.kind === "bus") return message;
    if (message.kind === "deadline") {
      const name = message.type.slice("deadline(".length, -1);
      const armed = entity?.attempt.id === message.attemptId ? entity?.deadlines[name] : undefined;
      return entity && armed && armed.at <= message.now ? deadlineMessage(entity, name, armed) : undefined;
    }
    if (message.kind === "published") {
      const type = message.type.slice("published(".length, -1);
      const event = history.unpublished.find((each) => each.type === type && each.attemptId === message.attemptId);
      history.unpublished = history.unpublished.filter((each) => each !== event);
      return event && { ...message, id: derivedId("published", event.id) };
    }
    const asked = history.requested.get(message.intentId ?? "");
    const same = asked && counterpart(history.unfinished, asked);
    return same && { ...message, id: derivedId("outcome", same.id), intentId: same.id, attemptId: same.attemptId };
  }

  #stepPlanned(history: PlannedHistory, run: SimulatedRun, message: Message, recorded: Decision | undefined): Decision {
    const decision = step(this.#edited, run.entity, message);
    advanceRun(run, decision.entity);
    for (const intent of decision.intents) {
      history.unfinished.push(intent);
      const isAnswered = (this.#edited.effects.get(intent.type)?.outputEvents.length ?? 0) > 0;
      if (isAnswered && !counterpart([...history.requested.values()], intent))
        history.unknownReason ??= `what ${intent.type} would have come to: the recorded run never asked for it`;
    }
    for (const event of decision.events) {
      if (!this.#edited.awaitsPublish.has(event.type)) continue;
      history.unpublished.push(event);
      if (!recorded?.events.some(({ type }) => type === event.type))
        history.unknownReason ??=
          `when ${event.type} would have been published: the recorded run did not publish ` + "it then";
    }
    return decision;
  }

  #finishIntent(history: PlannedHistory, intentId: string): void {
    const asked = history.requested.get(intentId);
    const same = asked && counterpart(history.unfinished, asked);
    history.unfinished = history.unfinished.filter((each) => each !== same);
    history.requested.delete(intentId);
  }

  #noteFirstDifference(
    history: PlannedHistory,
    row: JournalRow,
    type: string,
    recorded: Decision | undefined,
    planned: Decision | undefined,
  ): void {
    const [was, would] = [recorded && plannedStepOf(recorded), planned && plannedStepOf(planned)];
    if (history.firstDifference || JSON.stringify(was) === JSON.stringify(would)) return;
    const { at, partition, seq } = row;
    history.firstDifference = { at, partition, seq, type, recorded: was ?? null, planned: would ?? null };
  }

  #finishHistory(): void {
    const history = this.#history;
    this.#history = undefined;
    if (!history?.planned || !history.lastRow || !history.lastDomain) return;
    const { entityId, recorded, planned, snapshot, lastRow, lastDomain: domain } = history;
    const seen = recorded.entity && snapshot ? { ...recorded.entity, deadlines: snapshot.deadlines } : recorded.entity;
    const moment = {
      domain,
      replayedEntity: recorded.entity,
      seenEntity: seen,
      earliestMs: this.#untilMs,
      latestMs: this.#untilMs,
    };
    if (history.unknownReason === undefined)
      this.#advanceTime(history, planned, { ...lastRow, at: toRfc3339(this.#untilMs) }, moment);
    const [was, would] = [[...recorded.finalStates.values()], [...planned.finalStates.values()]];
    const isSame = JSON.stringify(was) === JSON.stringify(would);
    // An attempt that is over is over, whatever can't be known of the next one.
    const isOtherwise = [...planned.finalStates]
      .slice(0, -1)
      .some(([id, state]) => recorded.finalStates.get(id) !== state);
    const verdict = history.unknownReason !== undefined && !isOtherwise ? "unknown" : isSame ? "same" : "otherwise";
    this.#observer.result({
      entityId,
      verdict,
      recorded: was,
      planned: would,
      first: history.firstDifference,
      unknown: history.unknownReason ?? null,
    });
  }

  #abandon(history: PlannedHistory, domain: Domain | undefined): void {
    history.isIncomplete = true;
    history.planned = undefined;
    const reason = domain
      ? "its journal does not begin with its first step"
      : "the contracts that it ran under are not there";
    this.#observer.incomplete(history.entityId, reason);
  }
}

const missingStateReason = (state: string): string =>
  `the edited contract has no state ${state}, in which it was: a reload would be refused`;

function advanceRun(run: SimulatedRun, entity: Entity | undefined): void {
  run.entity = entity;
  if (entity?.state != null) run.finalStates.set(entity.attempt.id, entity.state);
}

/** The same request in the other run: of the same id, or of the same attempt for the same target. */
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
