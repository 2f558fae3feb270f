import type { Decision as CoreDecision } from "../../runtime/core/decision.ts";
import { type Caller, type Door, NOBODY } from "../../runtime/core/door.ts";
import type { NewEvent } from "../../runtime/core/message.ts";

/** A message to a domain: `StoreParcel.of({ ... })`, or the same written out. */
export interface SentMessage extends NewEvent {
  /** The sender's id of it: a second message with the same id is a repeat. Default: none, as a bare payload has. */
  readonly id?: string;
  readonly correlationId?: string;
  /** When the sender says that it was sent, RFC 3339. Default: now. */
  readonly sentAt?: string;
  /** What the gateway adds through which it comes; what is left out is nobody's, and nothing. Default: from the bus. */
  readonly door?: Partial<Omit<Door, "caller">> & { readonly caller?: Partial<Caller> };
}

export const doorOfSent = ({ door }: SentMessage): Door | undefined =>
  door && { operation: "test", loaded: {}, ...door, caller: { ...NOBODY, ...door.caller } };

/** What a message led to. */
export interface Decision<Data = unknown> extends Pick<
  CoreDecision,
  "events" | "intents" | "moves" | "result" | "declined"
> {
  /** Type of the message, also `deadline(name)`, `published(Event)`, `failed(intent.type)`. */
  readonly message: string;
  /** Empty for a message that could not be read. */
  readonly entityId: string;
  /** Why, for people; also of what changed nothing. */
  readonly reason: string;
  /** Why the message becomes a dead letter: set with the result `refused`. */
  readonly deadLetter?: string;
  /** The orchestrator's state afterwards; null before the first attempt. */
  readonly state: string | null;
  /** The reducer's state afterwards; null when there is no entity. */
  readonly reducerState: string | null;
  /** The reducer's data afterwards; undefined when there is no entity. */
  readonly data: Data | undefined;
  /** The deadlines that are armed afterwards: in how many ms each is due. */
  readonly deadlines: Readonly<Record<string, number>>;
}

/** @param nowMs the system's time, ms since the epoch */
export function decisionOf<Data>(
  message: { readonly type: string; readonly entityId: string },
  decision: CoreDecision,
  nowMs: number,
  deadLetter?: string,
): Decision<Data> {
  const { entity, events, intents, moves, result, declined, reason } = decision;
  const armed = Object.entries(entity?.deadlines ?? {}).map(([name, { at }]) => [name, at - nowMs]);
  return {
    message: message.type,
    entityId: message.entityId,
    ...{ result, reason, events, intents, moves },
    ...(declined && { declined }),
    ...(deadLetter !== undefined && { deadLetter }),
    state: entity?.state ?? null,
    reducerState: entity?.reducerState ?? null,
    data: entity?.data as Data | undefined,
    deadlines: Object.fromEntries(armed) as Record<string, number>,
  };
}
