import type { DoorContext, DoorPart } from "./door.ts";
import type { MessageDefinition, NewEvent, Payload, PayloadOf } from "./message.ts";

/** The message changes nothing; `reason` says why. */
export const nothing = (reason: string) => ({ kind: "nothing", reason }) as const;
export type Nothing = ReturnType<typeof nothing>;
/** No event, but the message joins the attempt: its correlation id is kept, and it may renew a deadline. */
export const absorbed = (reason: string) => ({ kind: "absorbed", reason }) as const;
export type Absorbed = ReturnType<typeof absorbed>;

/**
 * The contract's answer to a message that it does not take: nothing happens, and the sender is told.
 * @param code one of the contract's `refusals`, which the handler declares too
 * @param details for the sender: an object that is at most 4 KiB of JSON
 */
export const refuse = (code: string, details?: Payload) => ({ kind: "refused", code, details }) as const;
export type Refused = ReturnType<typeof refuse>;

/** Events, in the order of the contract's `output_events`; or why there is none. */
export type HandlerResult = readonly NewEvent[] | Nothing | Absorbed | Refused;

/** An armed deadline, times in ms since the epoch. */
export interface ArmedDeadline {
  readonly at: number;
  /** Event time of the last renewal, null before the first. */
  readonly renewedAt: number | null;
}

/** The entity as handlers, updates and builders see it. Before the first attempt: state null, attempt number 0. */
export interface EntityView<Data> {
  readonly id: string;
  readonly state: string | null;
  /** Whether the state is neither null nor terminal. */
  readonly isLive: boolean;
  readonly data: Data;
  readonly attempt: { readonly number: number; readonly id: string; readonly correlationIds: readonly string[] };
  readonly deadlines: Readonly<Record<string, ArmedDeadline>>;
}

/** What an action of a handler is given. */
export interface HandlerContext<MessagePayload, Data> {
  readonly message: { readonly id: string; readonly correlationId: string; readonly payload: MessagePayload };
  readonly entity: EntityView<Data>;
  /** Event time of the message, ms since the epoch. */
  readonly now: number;
  /** How far the contract lets a sender's clock be behind the broker's, ms. */
  readonly maxClockSkewMs: number;
  /** When the named deadline would be due if it were armed now, RFC 3339. The name must be declared in `deadlines`. */
  deadlineAfter(name: string): string;
}

/**
 * Pure and synchronous: no clock, no randomness, no I/O.
 * @typeParam Reads what of the message's door it is given: what its handler declares
 */
export type HandlerAction<MessagePayload, Data, Reads extends DoorPart = never> = (
  context: HandlerContext<MessagePayload, Data> & Pick<DoorContext, Reads>,
) => HandlerResult;

/** One pure function for each action that the contract names. */
export interface Handler {
  readonly message: MessageDefinition;
  /** The names that its actions pass to `deadlineAfter`. */
  readonly deadlines: readonly string[];
  /** What of a message's door its actions read. */
  readonly reads: readonly DoorPart[];
  /** The codes that its actions refuse with. */
  readonly refusals: readonly string[];
  readonly actions: Readonly<Record<string, HandlerAction<never, never, DoorPart>>>;
}

/** What the actions of a handler use: what is left out they don't. */
export interface HandlerOptions<Reads extends DoorPart = never> {
  readonly deadlines?: readonly string[];
  readonly reads?: readonly Reads[];
  readonly refusals?: readonly string[];
}

/** Handlers over entities whose data is `Data`: `const handler = handlersOf<OrderState>()`. */
export const handlersOf =
  <Data>() =>
  <Definition extends MessageDefinition, Reads extends DoorPart = never>(
    message: Definition,
    { deadlines = [], reads = [], refusals = [] }: HandlerOptions<Reads>,
    actions: Readonly<Record<string, HandlerAction<PayloadOf<Definition>, Data, Reads>>>,
  ): Handler => ({ message, deadlines, reads, refusals, actions });
