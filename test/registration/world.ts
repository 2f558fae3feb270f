import type { Decision } from "../../runtime/core/decision.ts";
import type { EmittedEvent } from "../../runtime/core/emission.ts";
import { decodeRecord } from "../../runtime/core/decode.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import type { Entity } from "../../runtime/core/entity.ts";
import { derivedId } from "../../runtime/core/ids.ts";
import type { Intent } from "../../runtime/core/intent.ts";
import type { Message, Payload } from "../../runtime/core/message.ts";
import { step } from "../../runtime/core/step.ts";
import { NOON } from "./examples.ts";
import { shippedDomain } from "./shipped-domain.ts";

/** The id for a label in a test. */
export const idOf = (label: string): string => derivedId("label", label);

interface Past {
  readonly message: Message;
  readonly decision: Decision;
}

/** One node and everything that happened to it. Immutable: each message returns another world. */
export class World {
  readonly domain: Domain = shippedDomain;
  readonly past: readonly Past[];
  readonly entity: Entity | undefined;
  /** Broker time, ms since the epoch. */
  readonly now: number;

  constructor(past: readonly Past[] = [], now: number = NOON) {
    this.past = past;
    this.entity = past.at(-1)?.decision.entity;
    this.now = now;
  }

  take(message: Message): World {
    const decision = step(this.domain, this.entity, message);
    return new World([...this.past, { message, decision }], Math.max(this.now, message.now));
  }

  later(ms: number): World {
    return new World(this.past, this.now + ms);
  }

  get events(): readonly EmittedEvent[] {
    return this.past.flatMap(({ decision }) => decision.events);
  }

  get intents(): readonly Intent[] {
    return this.past.flatMap(({ decision }) => decision.intents);
  }

  /** Id of the attempt that the request began; for an unknown request an id of no attempt. */
  attemptOf(request: string): string {
    const begun = this.events.findLast(
      ({ type, correlationId }) => type === this.domain.attempt.startedBy && correlationId === idOf(request),
    );
    return begun?.attemptId ?? idOf(`no attempt of ${request}`);
  }

  /** A payload as from the bus: decoded from bytes by the real decoder. */
  fromBus(type: string, payload: Payload): Message {
    const consumed = this.domain.consumed.find((topic) => topic.type === type);
    if (!consumed) throw new Error(`${type} is not consumed`);
    return decodeRecord(this.domain, [consumed], {
      topic: consumed.topic,
      partition: 0,
      offset: this.past.length,
      value: new TextEncoder().encode(JSON.stringify(payload)),
      headers: {},
      brokerTimeMs: this.now,
    });
  }

  /** A message that the shell makes for the current attempt, or for the given one. */
  fromShell(kind: Message["kind"], type: string, payload: Payload, more: Partial<Message> = {}): Message {
    return {
      kind,
      type,
      id: idOf(`message ${this.past.length}`),
      entityId: "n1",
      correlationId: idOf("shell"),
      payload,
      now: this.now,
      attemptId: this.entity?.attempt.id ?? idOf("nobody"),
      ...more,
    };
  }
}
