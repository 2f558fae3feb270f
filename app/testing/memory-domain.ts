import { durationMs } from "../../runtime/contract/language/schema-parts.ts";
import { type Decision as CoreDecision, noOp } from "../../runtime/core/decision.ts";
import { decodeRecord } from "../../runtime/core/decode.ts";
import type { Domain, DomainCode } from "../../runtime/core/domain.ts";
import type { EmittedEvent } from "../../runtime/core/emission.ts";
import { attemptRefOf, type Entity } from "../../runtime/core/entity.ts";
import { DecodeError } from "../../runtime/core/incoming-json.ts";
import type { Intent } from "../../runtime/core/intent.ts";
import type { GatewaySpec } from "../../runtime/core/gateway.ts";
import type { Message, NewEvent, Payload } from "../../runtime/core/message.ts";
import type { Row } from "../../runtime/core/projection.ts";
import { deadlineMessage, publishedMessage } from "../../runtime/core/runtime-messages.ts";
import { step } from "../../runtime/core/step.ts";
import { toRfc3339 } from "../../runtime/core/time.ts";
import { type Decision, decisionOf, doorOfSent, type SentMessage } from "./decision.ts";
import { unknownName } from "./known-names.ts";
import type { ManualClock } from "./manual-clock.ts";
import { type Answered, type Asked, MemoryGateway } from "./memory-gateway.ts";
import { MemoryRows } from "./memory-rows.ts";
import { PendingIntents } from "./pending-intents.ts";
import { assertReadBack, storedEntity, type StoredState } from "./stored-data.ts";

interface TestedParts {
  readonly gateways?: readonly GatewaySpec[];
  readonly clock: ManualClock;
}

/**
 * A domain in memory: all its entities, on a clock that only the test moves. Each call that gives it a message returns
 * the decision. What follows by itself in a running system (a publish that is confirmed, an effect's outcome) happens
 * when the test says so, in any order. Not part of it: retries' waits, breakers, holds of mass expiry, reconciliation.
 */
export class TestDomain<Data = unknown> {
  readonly #domain: Domain;
  readonly #clock: ManualClock;
  readonly #intents: PendingIntents;
  readonly #rows: MemoryRows;
  readonly #gateway: MemoryGateway;
  readonly #entities = new Map<string, Entity>();
  readonly #decisions: Decision<Data>[] = [];
  /** Events whose `published(Event)` the contract waits for. */
  #unpublished: readonly EmittedEvent[] = [];
  readonly #seen = new Set<string>();
  /** A deadline whose turn is refused stays armed, and must not fire for ever. */
  readonly #fired = new Set<string>();
  #offset = 0;

  constructor(domain: Domain, { messages, gateways = [], clock }: Pick<DomainCode, "messages"> & TestedParts) {
    this.#domain = domain;
    this.#clock = clock;
    this.#intents = new PendingIntents(domain, messages, clock);
    this.#rows = new MemoryRows(domain, clock);
    this.#gateway = new MemoryGateway(gateways, {
      domain,
      get now() {
        return clock.wallMs();
      },
      entity: (id) => this.#entities.get(id),
      send: (message) => this.when(message),
    });
  }

  /** The time, RFC 3339. */
  get now(): string {
    return toRfc3339(this.#clock.wallMs());
  }

  /** Everything that was decided, in order. */
  get decisions(): readonly Decision<Data>[] {
    return this.#decisions;
  }

  /** Every event so far, as it would be published, in order. */
  get events(): readonly EmittedEvent[] {
    return this.#decisions.flatMap(({ events }) => events);
  }

  /** The intents without an outcome yet, in order. */
  get intents(): readonly Intent[] {
    return this.#intents.all;
  }

  /** An entity as it is stored, by its id; undefined when there is none. */
  entity(id: string): (Entity & { readonly data: Data }) | undefined {
    return this.#entities.get(id) as (Entity & { readonly data: Data }) | undefined;
  }

  /**
   * The rows of a projection, as its function makes them of the entities that there are, without `live` columns; of a
   * log what messages have left, at most one of an entity in each span of time.
   * @throws Error for a projection that there is not; for a row that can't be had, with the reason
   */
  rows(projection: string): readonly Row[] {
    return this.#rows.of(projection, this.#entities.values());
  }

  /**
   * Asks a call of a gateway, by its operation: a command or an entity, with access, shapes, `exists`, replies and
   * views as the contract has them. Paths, headers and limits are HTTP's, and no part of it.
   * @throws Error for a call that there is not, and for lists, functions and streams
   */
  ask(operation: string, asked: Asked = {}): Answered {
    return this.#gateway.ask(operation, asked);
  }

  /**
   * What has happened before: each message must change something.
   * @throws Error for one that changes nothing, is declined or refused, with the reason
   */
  given(...messages: readonly SentMessage[]): this {
    for (const message of messages) {
      const { result, reason } = this.when(message);
      if (["no_op", "declined", "refused"].includes(result))
        throw new Error(`given ${message.type}: ${result}: ${reason}`);
    }
    return this;
  }

  /**
   * An entity is there already, as this or an earlier version of the code has stored it: it is read as at a start.
   * @throws Error for a state that the contracts lack; for data that can't be read, with the JSON pointer
   */
  stored(id: string, stored: StoredState): this {
    this.#entities.set(id, storedEntity(this.#domain, id, stored, this.#clock.wallMs()));
    return this;
  }

  /**
   * A message arrives, as one from the bus is read: checked against its schema, and made canonical.
   * @throws Error for a type that the contracts do not consume
   */
  when(message: SentMessage): Decision<Data>;
  when(type: string, payload: Payload): Decision<Data>;
  when(message: SentMessage | string, payload: Payload = {}): Decision<Data> {
    const sent: SentMessage = typeof message === "string" ? { type: message, payload } : message;
    const consumed = this.#domain.consumed.find(({ type }) => type === sent.type);
    if (!consumed)
      throw unknownName(
        "consumed message",
        sent.type,
        this.#domain.consumed.map(({ type }) => type),
      );
    const envelope = {
      envelope_id: sent.id,
      envelope_timestamp: sent.sentAt,
      correlation_id: sent.correlationId,
      payload_type: sent.type,
      payload: sent.payload,
    };
    try {
      const record = { topic: consumed.topic, partition: 0, offset: this.#offset++, headers: {} };
      const value = new TextEncoder().encode(JSON.stringify(envelope));
      const at = { ...record, value, brokerTimeMs: this.#clock.wallMs() };
      const read: Message = { ...decodeRecord(this.#domain, [consumed], at), door: doorOfSent(sent) };
      return this.#isRepeat(read, consumed.journal)
        ? this.#record(read, noOp(this.#entities.get(read.entityId), "duplicate: already processed"))
        : this.#take(read);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      const refused: CoreDecision = { ...noOp(undefined, error.message), result: "refused" };
      return this.#record({ type: sent.type, entityId: "" }, refused, error.code);
    }
  }

  /** Every event that the contract waits for (`published(Event)`) reaches the bus. @returns a decision for each */
  publish(): readonly Decision<Data>[] {
    const decisions: Decision<Data>[] = [];
    while (this.#unpublished.length > 0) {
      const events = this.#unpublished;
      this.#unpublished = [];
      for (const { id, type, payload, attemptId, correlationId } of events) {
        const attempt = { entityId: String(payload["entity_id"]), attemptId, correlationId };
        decisions.push(this.#take(publishedMessage({ ...attempt, id, type }, this.#clock.wallMs())));
      }
    }
    return decisions;
  }

  /**
   * Time passes: what waits to be published is, and each deadline that becomes due fires at its time.
   * @param duration ms, or as contracts have it: `30s`, `2d`
   * @returns a decision for each
   */
  advance(duration: number | string): readonly Decision<Data>[] {
    const ms = typeof duration === "number" ? duration : durationMs(duration);
    if (ms === undefined || !(ms >= 0)) throw new Error(`${duration} is no duration: ms, or such as 500ms, 30s, 2d`);
    const untilMs = this.#clock.wallMs() + ms;
    const decisions = [...this.publish()];
    for (let due = this.#nextDeadline(untilMs); due; due = this.#nextDeadline(untilMs)) {
      this.#fired.add(due.id);
      this.#clock.pass(Math.max(0, due.now - this.#clock.wallMs()));
      decisions.push(this.#take(due), ...this.publish());
    }
    this.#clock.pass(Math.max(0, untilMs - this.#clock.wallMs()));
    return decisions;
  }

  /**
   * An effect has carried out an intent.
   * @param intent one of `intents`, or the type of the only one that waits
   * @param event what the effect answers, checked against its schema; may be left out where it has no fields
   * @throws Error for an intent that does not wait, or waits for another; for an event that the contract does not list
   */
  succeed(intent: Intent | string, event?: NewEvent): Decision<Data> {
    return this.#settled(this.#intents.succeed(this.#intents.find(intent), event));
  }

  /**
   * An effect has failed for good: it was refused, or its tries are used up.
   * @param code one of the effect's fault codes
   * @throws Error as `succeed` does; for a code that the effect does not have; for an intent that is tried for ever
   */
  fail(intent: Intent | string, code = "UNAVAILABLE", message = "the test lets it fail"): Decision<Data> {
    return this.#settled(this.#intents.fail(this.#intents.find(intent), code, message));
  }

  /**
   * Runs the module's own effects, on the backends of the test: every intent that waits, and what these lead to, once.
   * One whose fault can be retried waits for the next call, until its tries are used up.
   * @returns a decision for each intent that ended
   */
  async runEffects(): Promise<readonly Decision<Data>[]> {
    const decisions: Decision<Data>[] = [];
    const tried = new Set<string>();
    for (let next = this.#intents.next(tried); next; next = this.#intents.next(tried)) {
      tried.add(next.id);
      const settled = await this.#intents.run(next);
      if (settled) decisions.push(this.#settled(settled));
    }
    return decisions;
  }

  #settled({ intent, message, note }: ReturnType<PendingIntents["succeed"]>): Decision<Data> {
    if (message) return this.#take(message);
    const { entityId, type } = intent;
    return this.#record({ type, entityId }, noOp(this.#entities.get(entityId), `${type}: ${note}`));
  }

  #take(message: Message): Decision<Data> {
    const decision = step(this.#domain, this.#entities.get(message.entityId), message);
    if (decision.entity) {
      assertReadBack(this.#domain, decision.entity);
      this.#entities.set(message.entityId, decision.entity);
    }
    this.#rows.take(message, decision);
    this.#intents.add(decision.intents);
    const awaited = decision.events.filter(({ type }) => this.#domain.awaitsPublish.has(type));
    this.#unpublished = [...this.#unpublished, ...awaited];
    return this.#record(message, decision, decision.result === "refused" ? "CORE_ERROR" : undefined);
  }

  #record(message: Pick<Message, "type" | "entityId">, decision: CoreDecision, deadLetter?: string): Decision<Data> {
    const made = decisionOf<Data>(message, decision, this.#clock.wallMs(), deadLetter);
    this.#decisions.push(made);
    return made;
  }

  /** As in a running system: by the sender's id, where the message is journaled. */
  #isRepeat({ entityId, type, id, hasSenderId }: Message, isJournaled: boolean): boolean {
    const key = JSON.stringify([entityId, type, id]);
    if (!isJournaled || !hasSenderId) return false;
    if (this.#seen.has(key)) return true;
    this.#seen.add(key);
    return false;
  }

  /** The deadline that is due first until then; of two at the same time the entity's that came first. */
  #nextDeadline(untilMs: number): Message | undefined {
    const due = [...this.#entities.values()].flatMap((entity) =>
      Object.entries(entity.deadlines)
        .filter(([, { at }]) => at <= untilMs)
        .map(([name, armed]) => deadlineMessage(attemptRefOf(entity.id, entity.attempt), name, armed)),
    );
    return due.filter(({ id }) => !this.#fired.has(id)).toSorted((a, b) => a.now - b.now)[0];
  }
}
