import { awaitAsked, awaitNoLonger } from "./awaited-intents.ts";
import type { Decision, MachineTransition } from "./decision.ts";
import { type Domain, type Facts, type Machine, NO_ENTITY, type TransitionResult } from "./domain.ts";
import { completeIntent, countPublished, type EmittedEvent, emittedEvent, nextAttempt } from "./emission.ts";
import {
  CORRELATION_IDS_MAX,
  mutableCopyOf,
  type Entity,
  isPurged,
  newEntity,
  type MutableEntity,
  purgedEntity,
  viewOf,
  withAwaiting,
} from "./entity.ts";
import { derivedId } from "./ids.ts";
import type { Intent } from "./intent.ts";
import type { Message, NewEvent, Payload } from "./message.ts";
import { isIntentFailure } from "./runtime-messages.ts";
import { toRfc3339 } from "./time.ts";

/** More than any checked contract needs: its events can't raise each other in a cycle (diagnostic RC204). */
const QUEUED_TRIGGERS_MAX = 100;

type QueuedTrigger =
  | { readonly kind: "event"; readonly event: NewEvent; readonly isRequired: boolean }
  | { readonly kind: "raised"; readonly name: string };

/**
 * The state of one `step()` while it runs: the entity, and what was decided so far. It is mutable, but only that call
 * has it, so `step()` as a whole is pure.
 */
export class StepRun {
  readonly domain: Domain;
  readonly message: Message;
  /** For people: why the step does what it does. */
  readonly reasons: string[] = [];
  readonly #before: Entity | undefined;
  /** The caller's entity, which must not be changed; from the first change on a copy of it. */
  #entity: MutableEntity;
  readonly #queue: QueuedTrigger[] = [];
  readonly #events: EmittedEvent[] = [];
  readonly #intents: Intent[] = [];
  readonly #moves: MachineTransition[] = [];
  #renewed = false;
  #absorbed = false;

  constructor(domain: Domain, entity: Entity | undefined, message: Message) {
    this.domain = domain;
    this.#before = entity;
    this.message = message;
    this.#entity = entity ?? newEntity(domain, message);
  }

  get entity(): Entity {
    return this.#entity;
  }

  describeState(): string {
    return `${this.entity.state ?? "no state"} (reducer ${this.entity.reducerState})`;
  }

  /** @param isRequired whether the step fails when the orchestrator does not accept the event */
  queueEvent(event: NewEvent, isRequired: boolean): void {
    this.#queue.push({ kind: "event", event, isRequired });
  }

  /** The values that conditions are evaluated on. Their `state` is the reducer's data, not the orchestrator's state. */
  facts(payload: Payload): Facts {
    const { entity, message } = this;
    return { payload, state: entity.data, unconfirmed: entity.attempt.awaiting.length, door: message.door };
  }

  /** Adds the message's correlation id to the current attempt, which it did not start: the result `absorbed`. */
  absorb(): void {
    const { attempt } = this.entity;
    const { correlationIds } = attempt;
    const { correlationId } = this.message;
    this.#absorbed = true;
    if (this.#isDocument) return;
    if (correlationIds.includes(correlationId) || correlationIds.length >= CORRELATION_IDS_MAX) return;
    this.#mutableEntity().attempt = { ...attempt, correlationIds: [...correlationIds, correlationId] };
  }

  /**
   * Moves the current state's deadline to a later time, never to an earlier one. Leaving the state later disarms it.
   * @returns false: none is armed that messages of this type renew
   */
  renew(): boolean {
    const spec = this.domain.orchestrator.states.get(this.entity.state ?? NO_ENTITY)?.deadline;
    const armed = spec?.renewedBy.has(this.message.type) ? this.entity.deadlines[spec.name] : undefined;
    if (!spec || !armed) return false;
    const at = this.message.now + spec.renewedForMs;
    if (at <= armed.at) {
      this.reasons.push(`${spec.name} stays at ${toRfc3339(armed.at)}: this message moves it no further`);
      return true;
    }
    this.#renewed = true;
    const renewed = { at, renewedAt: this.message.now };
    this.#mutableEntity().deadlines = { ...this.entity.deadlines, [spec.name]: renewed };
    return true;
  }

  disarm(name: string): void {
    const { [name]: _, ...rest } = this.entity.deadlines;
    this.#mutableEntity().deadlines = rest;
  }

  /** Asks for the intents under `on_purge`; then nothing is left but the entity's number, and when it ended. */
  purge(reason: string): void {
    const { domain, entity } = this;
    const { id, seq, publishedSeq, stateSince: endedAt, state, reducerState } = entity;
    for (const action of domain.onPurge) this.#runAction(action, {});
    this.#moves.push({ machine: "orchestrator", trigger: "purge", from: state ?? NO_ENTITY, to: NO_ENTITY });
    const { initial } = domain.reducer;
    if (reducerState !== initial)
      this.#moves.push({ machine: "reducer", trigger: "purge", from: reducerState, to: initial });
    this.#entity = purgedEntity(domain, id, { seq, publishedSeq, endedAt });
    this.reasons.push(`purged: ended at ${toRfc3339(endedAt)}, ${reason}`);
  }

  /** Applies an outcome, or the confirmation of a published event, to both machines. @returns whether one accepts it */
  applyRuntimeMessage(): boolean {
    const { type, intentId, payload, kind } = this.message;
    // In a document an intent that has ended is awaited no longer, whatever comes of it.
    if (kind === "outcome" && this.#isDocument)
      this.#mutableEntity().attempt = awaitNoLonger(this.entity.attempt, intentId);
    const before = this.#entity;
    if (kind === "outcome" && !this.#isDocument && !isIntentFailure(this.message)) {
      const { attempt } = this.entity;
      const awaiting = attempt.awaiting.filter((id) => id !== intentId);
      this.#mutableEntity().attempt = withAwaiting(attempt, awaiting);
    }
    const result = this.#orchestratorTransition(type, payload);
    if (result) this.#moveOrchestrator(type, result);
    const isAccepted = this.#applyToReducer(type, payload, false) || result !== undefined;
    // An outcome that neither machine accepts leaves an attempt's `unconfirmed` as it was.
    if (!isAccepted) this.#entity = before;
    return isAccepted;
  }

  /**
   * Applies each queued event to the orchestrator, then to the reducer, which may raise a name and so extend the queue.
   * @param route gives a raised name to its handler
   */
  processQueue(route: (raisedName: string) => void): void {
    for (let processed = 0; this.#queue.length > 0; processed++) {
      if (processed >= QUEUED_TRIGGERS_MAX)
        throw new Error(`more than ${QUEUED_TRIGGERS_MAX} events and raised names in one step`);
      const next = this.#queue.shift() as QueuedTrigger;
      if (next.kind === "raised") route(next.name);
      else this.#applyEvent(next.event, next.isRequired);
    }
  }

  decision(): Decision {
    const changed = this.#events.length > 0 || this.#moves.length > 0 || this.#intents.length > 0;
    // A first message that changes nothing must not create an entity, nor bring back a purged one.
    const isThere = this.#before !== undefined && !isPurged(this.#before);
    const isKept = this.#entity !== this.#before && (isThere || changed);
    const result = changed ? "changed" : this.#absorbed ? "absorbed" : this.#renewed ? "renewed" : "no_op";
    return {
      entity: isKept ? this.entity : this.#before,
      events: this.#events,
      intents: this.#intents,
      moves: this.#moves,
      result,
      reason: this.#reason(),
    };
  }

  #reason(): string {
    const eventTypes = this.#events.map((event) => event.type);
    if (eventTypes.length > 0) this.reasons.unshift(`attempt ${this.entity.attempt.number}: ${eventTypes.join(", ")}`);
    if (this.reasons.length === 0 && this.#moves.length > 0)
      this.reasons.push(this.#moves.map(({ machine, from, to }) => `${machine} ${from} to ${to}`).join(", "));
    if (this.reasons.length === 0)
      this.reasons.push(this.#renewed ? "deadline renewed" : `${this.message.type} taken in`);
    return this.reasons.join("; ");
  }

  #applyEvent(event: NewEvent, isRequired: boolean): void {
    const startsAttempt = this.#isDocument
      ? this.entity.attempt.number === 0
      : event.type === this.domain.attempt.startedBy;
    const result = this.#orchestratorTransition(event.type, event.payload);
    if (!result) {
      const refusal = `${event.type} is not accepted in ${this.describeState()}`;
      if (isRequired) throw new Error(refusal);
      this.reasons.push(refusal);
      return;
    }
    const entity = this.#mutableEntity();
    if (startsAttempt) entity.attempt = nextAttempt(this.domain, entity, this.message);
    if (this.domain.countsPublished || entity.publishedSeq !== null) countPublished(this.domain, entity, event.type);
    entity.seq++;
    const emitted = emittedEvent(this.domain, entity, this.message, event);
    this.#events.push(emitted);
    this.#moveOrchestrator(event.type, result);
    this.#applyToReducer(event.type, emitted.payload, startsAttempt);
  }

  #orchestratorTransition(trigger: string, payload: Payload): TransitionResult | undefined {
    return this.#transition(this.domain.orchestrator, this.entity.state ?? NO_ENTITY, trigger, payload);
  }

  #transition({ table }: Machine, state: string, trigger: string, payload: Payload): TransitionResult | undefined {
    const cell = table.get(state)?.get(trigger);
    // Most transitions have no conditions, so no facts are needed.
    if (!cell || cell.conditions.length === 0) return cell?.results[0];
    const facts = this.facts(payload);
    // The index of the result: bit i is set when condition i holds.
    let resultIndex = 0;
    for (let i = 0; i < cell.conditions.length; i++) if (cell.conditions[i]?.(facts)) resultIndex |= 1 << i;
    return cell.results[resultIndex];
  }

  #moveOrchestrator(trigger: string, { to, entered }: TransitionResult): void {
    const from = this.entity.state ?? NO_ENTITY;
    this.#moves.push({ machine: "orchestrator", trigger, from, to });
    if (!entered) return;
    const { states } = this.domain.orchestrator;
    const deadlineLeft = states.get(from)?.deadline;
    if (deadlineLeft) this.disarm(deadlineLeft.name);
    const entity = this.#mutableEntity();
    entity.state = to;
    entity.stateSince = this.message.now;
    const deadline = states.get(to)?.deadline;
    if (!deadline) return;
    const armed = { at: this.message.now + deadline.afterMs, renewedAt: null };
    entity.deadlines = { ...entity.deadlines, [deadline.name]: armed };
  }

  /** @returns whether the reducer has a transition for it */
  #applyToReducer(type: string, payload: Payload, startsAttempt: boolean): boolean {
    const trigger = this.domain.triggerByMessageType.get(type);
    if (trigger === undefined) return false;
    const from = this.entity.reducerState;
    const result = this.#transition(this.domain.reducer, from, trigger, payload);
    if (!result) return false;
    this.#moves.push({ machine: "reducer", trigger, from, to: result.to });
    this.#mutableEntity().reducerState = result.to;
    const awaiting: string[] = [];
    const asked = this.#intents.length;
    for (const action of result.actions) {
      const intentId = this.#runAction(action, payload);
      if (intentId !== undefined && this.domain.intents.get(action)?.hasOutcome) awaiting.push(intentId);
    }
    if (this.#isDocument)
      this.#mutableEntity().attempt = awaitAsked(this.domain, this.entity.attempt, this.#intents.slice(asked));
    // Of an attempt only the intents of the event that starts it count for `unconfirmed`.
    else if (startsAttempt) this.#mutableEntity().attempt = withAwaiting(this.entity.attempt, awaiting);
    const raises = result.entered ? this.domain.reducer.states.get(result.to)?.raises : undefined;
    if (raises !== undefined) this.#queue.push({ kind: "raised", name: raises });
    return true;
  }

  /** Runs an action of the reducer: updates its data, or builds an intent. @returns the id of the intent, if any */
  #runAction(action: string, payload: Payload): string | undefined {
    const { domain, message, entity } = this;
    const { builders, updates } = domain.reducerCode;
    const context = { payload: payload as never, entity: viewOf(entity, domain.orchestrator), now: message.now };
    const builder = builders[action];
    if (!builder) {
      const update = updates[action];
      if (!update) throw new Error(`no such action: ${action}`);
      this.#mutableEntity().data = update(entity.data as never, context);
      return undefined;
    }
    const built = builder(entity.data as never, context);
    if (!built) return undefined;
    const spec = domain.intents.get(action);
    if (!spec) throw new Error(`no intent_emission for ${action}`);
    const { id: entityId, attempt, seq: version } = entity;
    const id = derivedId("intent", domain.name, entityId, attempt.id, version, action, message.id);
    const correlationId = attempt.correlationIds[0] ?? message.correlationId;
    const identity = { id, entityId, attemptId: attempt.id, version, correlationId, traceparent: message.traceparent };
    this.#intents.push(completeIntent(domain, spec, built, identity));
    return id;
  }

  get #isDocument(): boolean {
    return this.domain.lifecycle === "document";
  }

  #mutableEntity(): MutableEntity {
    if (this.#entity === this.#before) this.#entity = mutableCopyOf(this.#entity);
    return this.#entity;
  }
}
