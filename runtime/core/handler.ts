import type { MessageDefinition, NewEvent, PayloadOf } from "./message.ts";

/** Nothing happened, and why. Changes nothing. */
export interface Nothing {
  readonly kind: "nothing";
  readonly reason: string;
}
/** No event either, but the message joins the running attempt: its correlation id counts, a deadline may be renewed. */
export interface Absorbed {
  readonly kind: "absorbed";
  readonly reason: string;
}
export const nothing = (reason: string): Nothing => ({ kind: "nothing", reason });
export const absorbed = (reason: string): Absorbed => ({ kind: "absorbed", reason });

export type HandlerResult = readonly NewEvent[] | Nothing | Absorbed;

/** An armed deadline, times in ms since the epoch. */
export interface ArmedDeadline {
  readonly at: number;
  /** Event time of the last renewal, null before the first. */
  readonly renewedAt: number | null;
}

/** The entity as pure code sees it. Before the first attempt: state null, attempt number 0. */
export interface EntityView<Data> {
  readonly id: string;
  readonly state: string | null;
  /** Neither null nor, by its contract, terminal: something is under way, or kept up. */
  readonly isLive: boolean;
  readonly data: Data;
  readonly attempt: { readonly number: number; readonly id: string; readonly correlationIds: readonly string[] };
  readonly deadlines: Readonly<Record<string, ArmedDeadline>>;
}

export interface HandlerContext<MessagePayload, Data> {
  readonly message: { readonly id: string; readonly correlationId: string; readonly payload: MessagePayload };
  readonly entity: EntityView<Data>;
  /** Event time of the message, ms since the epoch. */
  readonly now: number;
  /** The contract's bound on a sender's clock. */
  readonly maxClockSkewMs: number;
  /** RFC 3339 time at which the named deadline would be due, were it armed now. Declare the name in `deadlines`. */
  deadlineAfter(name: string): string;
}

export type HandlerAction<MessagePayload, Data> = (context: HandlerContext<MessagePayload, Data>) => HandlerResult;

/** One pure function for each action that the contract names. */
export interface Handler {
  readonly message: MessageDefinition;
  /** Names of the deadlines that `deadlineAfter` is called with. */
  readonly deadlines: readonly string[];
  readonly actions: Readonly<Record<string, HandlerAction<never, never>>>;
}

/** Handlers over entities whose data is `Data`: `const handler = handlersOf<OrderState>()`. */
export const handlersOf =
  <Data>() =>
  <Definition extends MessageDefinition>(
    message: Definition,
    options: { readonly deadlines?: readonly string[] },
    actions: Readonly<Record<string, HandlerAction<PayloadOf<Definition>, Data>>>,
  ): Handler => ({ message, deadlines: options.deadlines ?? [], actions });
