import type { Decision, EmittedEvent } from "../core/decision.ts";
import type { Domain } from "../core/domain.ts";
import type { Entity } from "../core/entity.ts";
import { derivedId } from "../core/ids.ts";
import type { Intent } from "../core/intent.ts";
import type { JournalRow, StoredEntity } from "../core/journal.ts";
import type { Message } from "../core/message.ts";
import { dueUntil, firing, type RecordedMoment } from "./planned-deadlines.ts";
import { type Contracts, retake, settledOf, stepOf } from "./reapply.ts";
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

export interface PlannedEnd {
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

interface Run {
  entity: Entity | undefined;
  readonly ends: Map<string, string>;
}
interface History {
  readonly entityId: string;
  readonly recorded: Run;
  /** What the recorded run asked for, by id, until it is finished. */
  readonly asked: Map<string, Intent>;
  planned: Run | undefined;
  open: Intent[];
  unpublished: EmittedEvent[];
  first: PlannedEnd["first"];
  unknown: string | undefined;
  stored: StoredEntity | undefined;
  last: JournalRow | undefined;
  lastDomain: Domain | undefined;
  stopped: boolean;
}

export interface PlanHearer {
  end(end: PlannedEnd): void;
  incomplete(entityId: string, reason: string): void;
}

/**
 * Runs recorded inputs against an edited contract, from a time on. Inputs and effects' outcomes are taken as recorded;
 * deadlines fire when they would have with everything up. What can't be known is said, never guessed. Rows come entity
 * by entity; one is held at a time.
 */
export class Plan {
  readonly #contracts: Contracts;
  readonly #edited: Domain;
  readonly #sinceMs: number;
  readonly #untilMs: number;
  readonly #hearer: PlanHearer;
  #history: History | undefined;

  constructor(
    contracts: Contracts,
    edited: Domain,
    window: { readonly sinceMs: number; readonly untilMs: number },
    hearer: PlanHearer,
  ) {
    this.#contracts = contracts;
    this.#edited = edited;
    this.#sinceMs = window.sinceMs;
    this.#untilMs = window.untilMs;
    this.#hearer = hearer;
  }

  row(row: JournalRow): void {
    if (row.entity_id === null) return;
    const history = this.#of(row.entity_id);
    if (history.stopped) return;
    const settled = settledOf(row);
    if (settled) this.#finish(history, settled.intent.id);
    if (!stepOf(row)) return;
    const domain = this.#contracts.get(row.contract_hash);
    const taken = domain && retake(domain, history.recorded.entity, row);
    const { before } = stepOf(row)?.record ?? {};
    if (!domain || !taken || (before && !history.recorded.entity)) return this.#stop(history, domain);
    if (!history.planned && Date.parse(row.at) >= this.#sinceMs) this.#begin(history, taken.before);
    for (const intent of taken.decision.intents) history.asked.set(intent.id, intent);
    if (history.planned && history.unknown === undefined) this.#plan(history, history.planned, row, domain, taken);
    if (taken.message.intentId !== undefined) this.#finish(history, taken.message.intentId);
    follow(history.recorded, taken.decision.entity);
    history.last = row;
    history.lastDomain = domain;
  }

  stored(entity: StoredEntity): void {
    this.#of(entity.entity_id).stored = entity;
  }

  end(): void {
    this.#close();
  }

  #of(entityId: string): History {
    if (this.#history?.entityId === entityId) return this.#history;
    this.#close();
    return (this.#history = {
      ...{ entityId, recorded: { entity: undefined, ends: new Map() }, asked: new Map(), planned: undefined, open: [] },
      ...{
        unpublished: [],
        first: null,
        unknown: undefined,
        stored: undefined,
        last: undefined,
        lastDomain: undefined,
        stopped: false,
      },
    });
  }

  /** From here on the edited contract decides. What is armed keeps its time, as at a reload. */
  #begin(history: History, entity: Entity | undefined): void {
    history.planned = { entity: undefined, ends: new Map() };
    history.recorded.ends.clear();
    for (const run of [history.recorded, history.planned]) follow(run, entity);
    history.open = [...history.asked.values()];
    const { orchestrator, reducer } = this.#edited;
    if (entity?.state != null && !orchestrator.states.has(entity.state)) history.unknown = lacks(entity.state);
    else if (entity && !reducer.states.has(entity.reducerState)) history.unknown = lacks(entity.reducerState);
  }

  #plan(
    history: History,
    run: Run,
    row: JournalRow,
    domain: Domain,
    taken: NonNullable<ReturnType<typeof retake>>,
  ): void {
    const { message, before, decision } = taken;
    const { maxClockSkewMs } = domain;
    const latestMs =
      message.kind === "bus" ? Math.min(Date.parse(row.at), message.now + maxClockSkewMs) : Date.parse(row.at);
    const moment = { domain, folded: history.recorded.entity, seen: before, earliestMs: message.now, latestMs };
    this.#passTime(history, run, row, moment);
    if (history.unknown !== undefined) return;
    const translated = this.#translated(history, run.entity, message);
    const planned = translated && this.#take(history, run, translated, decision);
    this.#note(history, row, message.type, decision, planned);
  }

  #passTime(history: History, run: Run, row: JournalRow, moment: RecordedMoment): void {
    while (run.entity) {
      const due = dueUntil(this.#edited, run.entity, moment);
      if (due.kind === "not due") return;
      if (due.kind === "unknown") {
        history.unknown = due.reason;
        return;
      }
      if (due.kind === "moved")
        run.entity = { ...run.entity, deadlines: { ...run.entity.deadlines, [due.name]: due.armed } };
      else this.#note(history, row, due.message.type, undefined, this.#take(history, run, due.message, undefined));
    }
  }

  /** The recorded message as the planned run would have got it; undefined: it would not have come, or not yet. */
  #translated(history: History, entity: Entity | undefined, message: Message): Message | undefined {
    if (message.kind === "bus") return message;
    if (message.kind === "deadline") {
      const name = message.type.slice("deadline(".length, -1);
      const armed = entity?.attempt.id === message.attemptId ? entity?.deadlines[name] : undefined;
      return entity && armed && armed.at <= message.now ? firing(entity, name, armed) : undefined;
    }
    if (message.kind === "published") {
      const type = message.type.slice("published(".length, -1);
      const event = history.unpublished.find((each) => each.type === type && each.attemptId === message.attemptId);
      history.unpublished = history.unpublished.filter((each) => each !== event);
      return event && { ...message, id: derivedId("published", event.id) };
    }
    const asked = history.asked.get(message.intentId ?? "");
    const same = asked && counterpart(history.open, asked);
    return same && { ...message, id: derivedId("outcome", same.id), intentId: same.id, attemptId: same.attemptId };
  }

  #take(history: History, run: Run, message: Message, recorded: Decision | undefined): Decision {
    const decision = step(this.#edited, run.entity, message);
    follow(run, decision.entity);
    for (const intent of decision.intents) {
      history.open.push(intent);
      const isAnswered = (this.#edited.effects.get(intent.type)?.outputEvents.length ?? 0) > 0;
      if (isAnswered && !counterpart([...history.asked.values()], intent))
        history.unknown ??= `what ${intent.type} would have come to: the recorded run never asked for it`;
    }
    for (const event of decision.events) {
      if (!this.#edited.awaitsPublish.has(event.type)) continue;
      history.unpublished.push(event);
      if (!recorded?.events.some(({ type }) => type === event.type))
        history.unknown ??= `when ${event.type} would have been published: the recorded run did not publish it then`;
    }
    return decision;
  }

  #finish(history: History, intentId: string): void {
    const asked = history.asked.get(intentId);
    const same = asked && counterpart(history.open, asked);
    history.open = history.open.filter((each) => each !== same);
    history.asked.delete(intentId);
  }

  #note(
    history: History,
    row: JournalRow,
    type: string,
    recorded: Decision | undefined,
    planned: Decision | undefined,
  ): void {
    const [was, would] = [recorded && seenAs(recorded), planned && seenAs(planned)];
    if (history.first || JSON.stringify(was) === JSON.stringify(would)) return;
    const { at, partition, seq } = row;
    history.first = { at, partition, seq, type, recorded: was ?? null, planned: would ?? null };
  }

  #close(): void {
    const history = this.#history;
    this.#history = undefined;
    if (!history?.planned || !history.last || !history.lastDomain) return;
    const { entityId, recorded, planned, stored, last, lastDomain: domain } = history;
    const seen = recorded.entity && stored ? { ...recorded.entity, deadlines: stored.deadlines } : recorded.entity;
    const moment = { domain, folded: recorded.entity, seen, earliestMs: this.#untilMs, latestMs: this.#untilMs };
    if (history.unknown === undefined)
      this.#passTime(history, planned, { ...last, at: toRfc3339(this.#untilMs) }, moment);
    const [was, would] = [[...recorded.ends.values()], [...planned.ends.values()]];
    const isSame = JSON.stringify(was) === JSON.stringify(would);
    // An attempt that is over is over, whatever can't be known of the next one.
    const isOtherwise = [...planned.ends].slice(0, -1).some(([id, state]) => recorded.ends.get(id) !== state);
    const verdict = history.unknown !== undefined && !isOtherwise ? "unknown" : isSame ? "same" : "otherwise";
    this.#hearer.end({
      entityId,
      verdict,
      recorded: was,
      planned: would,
      first: history.first,
      unknown: history.unknown ?? null,
    });
  }

  #stop(history: History, domain: Domain | undefined): void {
    history.stopped = true;
    history.planned = undefined;
    const reason = domain
      ? "its journal does not begin with its first step"
      : "the contracts that it ran under are not there";
    this.#hearer.incomplete(history.entityId, reason);
  }
}

const lacks = (state: string): string =>
  `the edited contract has no state ${state}, in which it was: a reload would be refused`;

function follow(run: Run, entity: Entity | undefined): void {
  run.entity = entity;
  if (entity?.state != null) run.ends.set(entity.attempt.id, entity.state);
}

/** The same request in the other run: of the same id, or of the same attempt for the same target. */
const counterpart = (among: readonly Intent[], { id, attemptId, type, target }: Intent): Intent | undefined =>
  among.find((each) => each.id === id) ??
  among.find((each) => each.attemptId === attemptId && each.type === type && each.target === target);

const seenAs = ({ result, reason, entity, events, intents }: Decision): PlannedStep => ({
  result,
  reason,
  state: entity?.state ?? null,
  events: events.map(({ type }) => type),
  intents: intents.map(({ type }) => type),
});
