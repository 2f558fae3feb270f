import type { MessageDefinition, NewEvent, PayloadOf } from "./message.ts";

/** The message changes nothing; `reason` says why. */
export const nothing = (reason: string) => ({ kind: "nothing", reason }) as const;
export type Nothing = ReturnType<typeof nothing>;
/** No event, but the message joins the attempt: its correlation id is kept, and it may renew a deadline. */
export const absorbed = (reason: string) => ({ kind: "absorbed", reason }) as const;
export type Absorbed = ReturnType<typeof absorbed>;

/** Events, in the order of the contract's `output_events`; or why there is none. */
export type HandlerResult = readonly NewEvent[] | Nothing | Absorbed;

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

/** Pure and synchronous: no clock, no randomness, no I/O. */
export type HandlerAction<MessagePayload, Data> = (context: HandlerContext<MessagePayload, Data>) => HandlerResult;

/** One pure function for each action that the contract names. */
export interface Handler {
  readonly message: MessageDefinition;
  /** The names that its actions pass to `deadlineAfter`. */
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
