import { completeIntent } from "./complete-intent.ts";
import type { Decision, EmittedEvent, Move } from "./decision.ts";
import { type Answer, type Cell, type DeadlineSpec, type Domain, type Facts, NO_ENTITY } from "./domain.ts";
import { copyOf, type Entity, newborn, type OwnEntity, viewOf, withAwaiting } from "./entity.ts";
import { derivedId } from "./ids.ts";
import type { Intent, NewIntent } from "./intent.ts";
import type { Message, NewEvent, Payload } from "./message.ts";
import { toRfc3339 } from "./time.ts";

/** More turns of the loop than any checked contract can take (RC204 refuses cycles). */
const ROUNDS_MAX = 100;

type Queued =
  | { readonly kind: "event"; readonly event: NewEvent; readonly must: boolean }
  | { readonly kind: "raised"; readonly name: string };

/**
 * One step on its way: the entity as it now is, and what has come of it so far. Mutable inside one call of `step()`,
 * which is pure seen from outside.
 */
export class StepRun {
  /** Once it is no longer what the step began with it is this step's own, and changed in place. */
  #entity: OwnEntity;
  readonly #domain: Domain;
  readonly #before: Entity | undefined;
  readonly #message: Message;
  readonly #queue: Queued[] = [];
  readonly #events: EmittedEvent[] = [];
  readonly #intents: Intent[] = [];
  readonly #moves: Move[] = [];
  readonly #notes: string[] = [];
  #renewed = false;
  #absorbed = false;

  constructor(domain: Domain, entity: Entity | undefined, message: Message) {
    this.#domain = domain;
    this.#before = entity;
    this.#message = message;
    this.#entity = entity ?? newborn(domain, message);
  }

  get entity(): Entity {
    return this.#entity;
  }

  note(reason: string): void {
    this.#notes.push(reason);
  }

  place(): string {
    return `${this.entity.state ?? "no state"} (reducer ${this.entity.reducerState})`;
  }

  queueEvent(event: NewEvent, must: boolean): void {
    this.#queue.push({ kind: "event", event, must });
  }

  absorb(correlationId: string, max: number): void {
    const { attempt } = this.entity;
    this.#absorbed = true;
    if (attempt.correlationIds.includes(correlationId) || attempt.correlationIds.length >= max) return;
    this.#own().attempt = { ...attempt, correlationIds: [...attempt.correlationIds, correlationId] };
  }

  /** The deadline of the current state, if it is armed and this message type moves it. */
  renewable(type: string): DeadlineSpec | undefined {
    const spec = this.#domain.orchestrator.states.get(this.entity.state ?? NO_ENTITY)?.deadline;
    return spec && spec.renewedBy.has(type) && this.entity.deadlines[spec.name] ? spec : undefined;
  }

  /** Forward only, and only what is still armed after the events. */
  renew(spec: DeadlineSpec): void {
    const armed = this.entity.deadlines[spec.name];
    if (!armed) return;
    const at = this.#message.now + spec.renewedForMs;
    if (at <= armed.at) {
      this.note(`${spec.name} stays at ${toRfc3339(armed.at)}: this message moves it no further`);
      return;
    }
    this.#renewed = true;
    this.#setDeadlines({ ...this.entity.deadlines, [spec.name]: { at, renewedAt: this.#message.now } });
  }

  disarm(name: string): void {
    const { [name]: _, ...rest } = this.entity.deadlines;
    this.#setDeadlines(rest);
  }

  /** An outcome or a confirmed publish: moves the orchestrator's machine if it is a trigger, then the reducer's. */
  offerRuntimeMessage(): boolean {
    const { type, intentId, payload, kind } = this.#message;
    const before = this.#entity;
    if (kind === "outcome" && intentId !== undefined && !type.startsWith("failed(")) this.#answered(intentId);
    const moved = this.#moveOrchestrator(type, payload);
    const taken = this.#offerToReducer(type, payload, false);
    if (!moved && !taken) this.#entity = before;
    return moved || taken;
  }

  #answered(intentId: string): void {
    const { attempt } = this.entity;
    const awaiting = attempt.awaiting.filter((id) => id !== intentId);
    this.#own().attempt = withAwaiting(attempt, awaiting);
  }

  /** Until nothing is left: each event moves the orchestrator, then is offered to the reducer, which may raise more. */
  settle(route: (name: string, payload: Payload) => void): void {
    for (let round = 0; this.#queue.length > 0; round++) {
      if (round >= ROUNDS_MAX) throw new Error(`more than ${ROUNDS_MAX} events and raised names in one step`);
      const next = this.#queue.shift() as Queued;
      if (next.kind === "raised") route(next.name, {});
      else this.#apply(next.event, next.must);
    }
  }

  decision(): Decision {
    const changed = this.#events.length > 0 || this.#moves.length > 0 || this.#intents.length > 0;
    const touched = this.#entity !== this.#before && (this.#before !== undefined || changed);
    const result = changed ? "changed" : this.#absorbed ? "absorbed" : this.#renewed ? "renewed" : "no_op";
    return {
      entity: touched ? this.entity : this.#before,
      events: this.#events,
      intents: this.#intents,
      moves: this.#moves,
      result,
      reason: this.#reason(),
    };
  }

  #reason(): string {
    const said = this.#events.map((event) => event.type);
    if (said.length > 0) this.#notes.unshift(`attempt ${this.entity.attempt.number}: ${said.join(", ")}`);
    if (this.#notes.length === 0 && this.#moves.length > 0)
      this.#notes.push(this.#moves.map(({ machine, from, to }) => `${machine} ${from} to ${to}`).join(", "));
    if (this.#notes.length === 0)
      this.#notes.push(this.#renewed ? "deadline renewed" : `${this.#message.type} taken in`);
    return this.#notes.join("; ");
  }

  #apply(event: NewEvent, must: boolean): void {
    const opens = event.type === this.#domain.attempt.startedBy;
    const trigger = this.#orchestratorAnswer(event.type, event.payload);
    if (!trigger) {
      const refusal = `${event.type} is not accepted in ${this.place()}`;
      if (must) throw new Error(refusal);
      this.note(refusal);
      return;
    }
    if (opens) this.#openAttempt();
    this.#own().seq++;
    const emitted = this.#emit(event);
    this.#events.push(emitted);
    this.#enter(event.type, trigger);
    this.#offerToReducer(event.type, emitted.payload, opens);
  }

  #openAttempt(): void {
    const { id, attempt } = this.entity;
    const { origin, id: messageId, correlationId } = this.#message;
    const begunBy = origin ? [origin.topic, origin.partition, origin.offset] : [messageId];
    this.#own().attempt = {
      number: attempt.number + 1,
      id: derivedId("attempt", this.#domain.name, id, ...begunBy),
      correlationIds: [correlationId],
      awaiting: [],
    };
  }

  #emit({ type, payload }: NewEvent): EmittedEvent {
    const {
      name,
      entityIdField,
      attempt: { idField },
    } = this.#domain;
    const { id, attempt, seq } = this.entity;
    const correlationId = attempt.correlationIds[0] ?? this.#message.correlationId;
    return {
      id: derivedId("event", name, id, attempt.id, seq, type),
      type,
      topic: this.#domain.topicOf.get(type) ?? "",
      correlationId,
      causationId: this.#message.id,
      attemptId: attempt.id,
      seq,
      at: this.#message.now,
      payload: {
        entity_id: id,
        [entityIdField]: id,
        correlation_id: correlationId,
        causation_id: this.#message.id,
        [idField]: attempt.id,
        attempt: attempt.number,
        entity_seq: seq,
        emitted_at: toRfc3339(this.#message.now),
        ...payload,
      },
    };
  }

  #orchestratorAnswer(trigger: string, payload: Payload): Answer | undefined {
    const cell = this.#domain.orchestrator.table.get(this.entity.state ?? NO_ENTITY)?.get(trigger);
    return cell && answerOf(cell, this.#facts(payload));
  }

  #moveOrchestrator(trigger: string, payload: Payload): boolean {
    const answer = this.#orchestratorAnswer(trigger, payload);
    if (answer) this.#enter(trigger, answer);
    return answer !== undefined;
  }

  #enter(trigger: string, { to, entered }: Answer): void {
    const from = this.entity.state ?? NO_ENTITY;
    this.#moves.push({ machine: "orchestrator", trigger, from, to });
    if (!entered) return;
    const left = this.#domain.orchestrator.states.get(from)?.deadline;
    if (left) this.disarm(left.name);
    const own = this.#own();
    own.state = to;
    own.stateSince = this.#message.now;
    const spec = this.#domain.orchestrator.states.get(to)?.deadline;
    if (!spec) return;
    const armed = { at: this.#message.now + spec.afterMs, renewedAt: null };
    this.#setDeadlines({ ...this.entity.deadlines, [spec.name]: armed });
  }

  #offerToReducer(type: string, payload: Payload, opens: boolean): boolean {
    const trigger = this.#domain.triggerOf.get(type);
    const cell =
      trigger === undefined ? undefined : this.#domain.reducer.table.get(this.entity.reducerState)?.get(trigger);
    const answer = cell && answerOf(cell, this.#facts(payload));
    if (trigger === undefined || !answer) return false;
    this.#moves.push({ machine: "reducer", trigger, from: this.entity.reducerState, to: answer.to });
    this.#own().reducerState = answer.to;
    const awaiting: string[] = [];
    for (const action of answer.actions) {
      const intent = this.#act(action, payload);
      if (intent && this.#domain.intents.get(action)?.answers) awaiting.push(intent.id);
    }
    if (opens) this.#own().attempt = withAwaiting(this.entity.attempt, awaiting);
    const raises = answer.entered ? this.#domain.reducer.states.get(answer.to)?.raises : undefined;
    if (raises !== undefined) this.#queue.push({ kind: "raised", name: raises });
    return true;
  }

  /** Runs an update, or a builder: then its intent, if it built one. */
  #act(action: string, payload: Payload): Intent | undefined {
    const context = {
      payload: payload as never,
      entity: viewOf(this.entity, this.#domain.orchestrator),
      now: this.#message.now,
    };
    const builder = this.#domain.code.builders[action];
    if (builder) {
      const built = builder(this.entity.data as never, context);
      if (!built) return undefined;
      const intent = this.#complete(action, built);
      this.#intents.push(intent);
      return intent;
    }
    const update = this.#domain.code.updates[action];
    if (!update) throw new Error(`no such action: ${action}`);
    this.#own().data = update(this.entity.data as never, context);
    return undefined;
  }

  #complete(action: string, built: NewIntent): Intent {
    const { id, attempt, seq } = this.entity;
    const correlationId = attempt.correlationIds[0] ?? this.#message.correlationId;
    const spec = this.#domain.intents.get(action);
    if (!spec) throw new Error(`no intent_emission for ${action}`);
    return completeIntent(this.#domain, spec, built, {
      id: derivedId("intent", this.#domain.name, id, attempt.id, seq, action, this.#message.id),
      entityId: id,
      attemptId: attempt.id,
      version: seq,
      correlationId,
      traceparent: this.#message.traceparent,
    });
  }

  #own(): OwnEntity {
    if (this.#entity === this.#before) this.#entity = copyOf(this.#entity);
    return this.#entity;
  }

  #facts(payload: Payload): Facts {
    return { payload, state: this.entity.data, unconfirmed: this.entity.attempt.awaiting.length };
  }

  #setDeadlines(deadlines: Entity["deadlines"]): void {
    this.#own().deadlines = deadlines;
  }
}

function answerOf(cell: Cell, facts: Facts): Answer | undefined {
  let mask = 0;
  for (let i = 0; i < cell.conditions.length; i++) if (cell.conditions[i]?.(facts)) mask |= 1 << i;
  return cell.answers[mask];
}
