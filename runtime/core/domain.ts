import type { Door, DoorPart } from "./door.ts";
import type { ReconciledBackend } from "./drift.ts";
import type { Effect } from "./effect.ts";
import type { GatewayCode } from "./gateway-code.ts";
import type { Handler, HandlerAction } from "./handler.ts";
import type { IntentDefinition } from "./intent.ts";
import type { MessageDefinition } from "./message.ts";
import type { ProjectionSpec, RowFunction } from "./projection.ts";
import type { Reducer } from "./reducer.ts";
import type { Refusal } from "./refusal.ts";

/** A compiled condition; `unconfirmed` is among the facts. Pure and total. */
export type Condition = (facts: Facts) => boolean;
export interface Facts {
  readonly payload: unknown;
  /** The reducer's data before the transition. */
  readonly state: unknown;
  readonly unconfirmed: number;
  /** The message's. */
  readonly door?: Door | undefined;
}

/** A deadline of a state, durations in ms. */
export interface DeadlineSpec {
  readonly name: string;
  readonly afterMs: number;
  readonly renewedBy: ReadonlySet<string>;
  readonly renewedForMs: number;
  /** Holds all firings when so many are due at once that the fault is probably ours. */
  readonly expiryGuard?: ExpiryGuardSpec;
}

export interface ExpiryGuardSpec {
  /** In (0, 1], of the entities in the state. */
  readonly maxRatio: number;
  readonly minCount: number;
}

export interface StateSpec {
  readonly name: string;
  /** An attempt ends here (orchestrator only). */
  readonly terminal: boolean;
  /** Nobody waits for the entity to leave it. */
  readonly rests: boolean;
  readonly transient: boolean;
  readonly deadline?: DeadlineSpec;
  /** Name that is routed like a message when the state is entered (reducer only). */
  readonly raises?: string;
  /** For how long an entity that ended here is kept; undefined: for good (orchestrator only). */
  readonly retainMs?: number;
}

/** The result of XState's `transition()` for one (state, trigger, truth of the conditions). */
export interface TransitionResult {
  readonly to: string;
  /** False for a transition to the same state: its entry actions and `raises` are left out, its deadline stays. */
  readonly entered: boolean;
  /** Transition actions, then the entered state's entry actions. */
  readonly actions: readonly string[];
}

/** The transitions of one (state, trigger): bit i of an index into `results` is the truth of condition i. */
export interface TransitionCell {
  readonly conditions: readonly Condition[];
  readonly results: readonly (TransitionResult | undefined)[];
}

export interface Machine {
  /** `NO_ENTITY` for the orchestrator's null. */
  readonly initial: string;
  readonly states: ReadonlyMap<string, StateSpec>;
  /** state -> trigger -> cell. */
  readonly table: ReadonlyMap<string, ReadonlyMap<string, TransitionCell>>;
}
/** The name in a machine of the orchestrator's `null` state: there is no entity yet. */
export const NO_ENTITY = "(none)";

type RouteRowAction =
  | { readonly kind: "no_op"; readonly reason: string }
  /** Moves the armed deadlines that the message renews, and does nothing else. */
  | { readonly kind: "renew" }
  | { readonly kind: "refuse"; readonly code: string }
  | RouteCall;

interface RouteCall {
  readonly kind: "call";
  readonly name: string;
  readonly run: HandlerAction<never, never, DoorPart>;
  /** Whether it is given the message's door. */
  readonly readsDoor: boolean;
  /** With which it may refuse. */
  readonly refusals: readonly string[];
}

export interface RouteRow {
  readonly when?: Condition;
  readonly action: RouteRowAction;
  /** Of each of these lists of event types the function returns exactly one event. */
  readonly oneOf?: readonly (readonly string[])[];
}
/** Where a message goes: by state (NO_ENTITY included) the rows to try, in order. */
export interface Route {
  readonly handler: string;
  readonly rows: ReadonlyMap<string, readonly RouteRow[]>;
}

export interface IntentSpec {
  readonly type: string;
  /** Fills `target_pattern` from the payload built. */
  target(payload: Readonly<Record<string, unknown>>): string;
  /** Whether the effect has an outcome: only such intents count for `unconfirmed`. */
  readonly hasOutcome: boolean;
}

export interface EffectSpec {
  readonly intentType: string;
  readonly operation: string;
  /** Without its placeholders. */
  readonly backend: string;
  /** Fills the backend's placeholders from an intent's payload; absent where it has none. */
  readonly backendKey?: (payload: Readonly<Record<string, unknown>>) => string;
  readonly effect: Effect;
  readonly outputEvents: readonly string[];
  readonly timeoutMs: number;
  readonly batchMax: number;
  readonly concurrency: number;
  readonly retry: {
    readonly maxRetries: number | "unlimited";
    readonly initialDelayMs: number;
    readonly exponentialBase: number;
    readonly maxDelayMs: number;
    readonly jitter: number;
    /** Fault codes to retry; undefined: every fault that is marked retryable. */
    readonly retryOn?: ReadonlySet<string>;
  };
  readonly breaker: { readonly failureThreshold: number; readonly resetTimeoutMs: number };
  /** After an answer "not yet": each wait is twice the one before. */
  readonly askAgain: { readonly firstMs: number; readonly maxMs: number };
}

/** A type of message on a topic that is read; a topic may carry several. */
export interface ConsumedTopic {
  readonly topic: string;
  readonly type: string;
  readonly message: MessageDefinition;
  /** False: no-ops and renewals are only counted, not journaled. */
  readonly journal: boolean;
  /** The topic's messages of types that are not consumed are counted; false: they are dead letters. */
  readonly skipsOtherTypes: boolean;
}

/**
 * The code that the names in a domain's contracts stand for. At start-up each name must have code, and all code a name.
 */
export interface DomainCode extends GatewayCode {
  readonly domain: string;
  /** All consumed, published and raised message types, and all outcomes of effects. */
  readonly messages: readonly MessageDefinition[];
  readonly handlers: Readonly<Record<string, Handler>>;
  readonly reducer: Reducer;
  /** Of entities' data, from 1 on, the default: raised with each change that code of before could not read. */
  readonly stateVersion?: number | undefined;
  /** Brings an entity's data from each earlier version to this one's. Pure; what is of this one it leaves as it is. */
  readonly upcast?: ((data: Readonly<Record<string, unknown>>) => unknown) | undefined;
  readonly intents: readonly IntentDefinition[];
  readonly effects: Readonly<Record<string, Effect>>;
  /** Backends that are compared, from time to time, with what they should hold. */
  readonly reconciled?: readonly ReconciledBackend[];
  /** Variables of its configuration that may be left unset: what effects may go by. */
  readonly variables?: readonly string[];
  /**
   * The functions of projections. One of several versions is a list: which of them counts the contract says, so that a
   * reload can bring another version.
   */
  readonly rows?: Readonly<Record<string, RowFunction | readonly RowFunction[]>>;
}

/**
 * How entities live. `attempts`: from attempt to attempt. `document`: changed whenever it rests, its life is one
 * attempt. `once`: runs once and ends.
 */
export const LIFECYCLES = ["attempts", "document", "once"] as const;
export type Lifecycle = (typeof LIFECYCLES)[number];

/** A domain's contracts and code, compiled into what `step()` and the shell look up. */
export interface Domain {
  readonly name: string;
  /** SHA-256, hex, of the contracts' canonical content. */
  readonly contractHash: string;
  readonly entityIdField: string;
  readonly lifecycle: Lifecycle;
  /** `startedBy` of a document: undefined, its first event opens its only attempt. */
  readonly attempt: { readonly idField: string; readonly startedBy: string | undefined };
  readonly maxClockSkewMs: number;
  readonly consumed: readonly ConsumedTopic[];
  /** Event type -> topic; null: it is not published. */
  readonly topicByEventType: ReadonlyMap<string, string | null>;
  /** Whether published events carry `published_seq`, since others have no topic. */
  readonly countsPublished: boolean;
  readonly deadLetterTopic: string;
  /** By code. */
  readonly refusals: ReadonlyMap<string, Refusal>;
  /** Types that are taken only from a gateway, since the contract reads who sent them. */
  readonly doorRequired: ReadonlySet<string>;
  /** Types of which the contract reads who sent them, and nothing else that a gateway adds. */
  readonly onlyCallerRead: ReadonlySet<string>;
  /** Message type (or runtime pattern) -> route. */
  readonly routes: ReadonlyMap<string, Route>;
  readonly orchestrator: Machine;
  readonly reducer: Machine;
  /** Event, outcome or failure -> the reducer's trigger. */
  readonly triggerByMessageType: ReadonlyMap<string, string>;
  readonly reducerCode: Reducer;
  readonly stateVersion: number;
  readonly upcast?: DomainCode["upcast"];
  /** Action name -> the intent it emits; all other actions are updates of the reducer's code. */
  readonly intents: ReadonlyMap<string, IntentSpec>;
  /** Actions that emit intents when an entity is purged: what backends hold of it goes too. */
  readonly onPurge: readonly string[];
  /** For how long, in ms, the number of a purged entity is known; undefined: none is ever purged. */
  readonly tombstoneMs: number | undefined;
  /** Intent type -> effect. */
  readonly effects: ReadonlyMap<string, EffectSpec>;
  /** Backend -> how to compare it with what it should hold. */
  readonly reconciled: ReadonlyMap<string, ReconciledBackend>;
  /** Deadline name -> its length when armed, as `deadlineAfter` uses it. */
  readonly deadlineAfterMs: ReadonlyMap<string, number>;
  /** Events for which `published(Event)` enters a step once they are on the bus. */
  readonly awaitsPublish: ReadonlySet<string>;
  /** What turns keep beside the entities. No part of the contracts' hash. */
  readonly projections: readonly ProjectionSpec[];
}
