import type { DomainCode } from "../../core/domain.ts";
import type { parseExpression } from "../../core/expression.ts";
import type { IntentDefinition } from "../../core/intent.ts";
import type { MessageDefinition } from "../../core/message.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { EventPatternKind } from "../language/event-pattern.ts";
import type { ContractSet } from "../reading/contract-source.ts";
import type { SourceRef } from "../reading/source-ref.ts";
import type { EffectSettings } from "./effect-settings.ts";
import type { NameRef } from "./name-resolver.ts";

/** A text of a contract, and its place. */
export interface TextRef {
  readonly text: string;
  readonly at: SourceRef;
}

/** An event type or runtime pattern where a contract names one; `name` is its whole text, `failed(stock.reserve)`. */
export interface EventRef extends NameRef {
  readonly kind: EventPatternKind;
  readonly subject: string;
}

/** An event of `consumed_events` or `published_events`. */
export interface TopicEvent extends EventRef {
  /** The pattern, with its placeholders. */
  readonly topic: TextRef;
  /** False: a consumed event whose no-ops and renewals are counted instead of journaled. */
  readonly journal: boolean;
}

export interface ExpressionRef extends TextRef {
  readonly parsed: ReturnType<typeof parseExpression>;
}

/** A row of a matrix, or the one row of a handler that has only an `action`. */
export interface RowModel {
  readonly at: SourceRef;
  /** The states that it names; `"*"` is one of them. */
  readonly namedStates: readonly NameRef[];
  /** The states that it may decide: those it names and no unconditional row above takes. */
  readonly decidableStates: readonly string[];
  readonly when?: ExpressionRef;
  /** Undefined: no_op. */
  readonly action?: NameRef;
  /** Of a no_op. */
  readonly reason: string;
  readonly outputs: readonly EventRef[];
}

export interface HandlerModel {
  readonly at: SourceRef;
  readonly event: EventRef;
  /** As written; `handler` is the one that takes the event, where only one in code does. */
  readonly written: NameRef;
  readonly handler: NameRef;
  readonly outputs: readonly EventRef[];
  readonly rows: readonly RowModel[];
  readonly hasMatrix: boolean;
}

/** Durations are texts as in the contract: `30s`. */
export interface DeadlineModel {
  readonly name: string;
  readonly at: SourceRef;
  readonly renewedBy: readonly EventRef[];
  readonly after: string;
  readonly renewedFor: string;
  readonly expiryGuard?: { readonly maxRatio: number; readonly minCount: number };
}

export interface StateModel {
  readonly name: string;
  readonly at: SourceRef;
  readonly terminal: boolean;
  readonly transient: boolean;
  readonly deadline?: DeadlineModel;
  readonly raises?: EventRef;
  readonly entryActions: readonly NameRef[];
}

/** A transition from one state: a list under `from_state` makes several. */
export interface TransitionModel<Trigger extends NameRef = NameRef> {
  /** Position in the file, shared by the states of one list. */
  readonly index: number;
  readonly at: SourceRef;
  readonly from: NameRef;
  readonly trigger: Trigger;
  readonly to: NameRef;
  readonly conditions: readonly ExpressionRef[];
  readonly actions: readonly NameRef[];
}

export interface MachineModel<Trigger extends NameRef = NameRef> {
  readonly name: string;
  readonly initial: string;
  readonly initialAt: SourceRef;
  /** The orchestrator's `null` is one of them, called NO_ENTITY. Of a state declared twice the first counts. */
  readonly states: ReadonlyMap<string, StateModel>;
  /** In the order of the file, with those declared twice. */
  readonly declaredStates: readonly StateModel[];
  readonly transitions: readonly TransitionModel<Trigger>[];
}

/** A row of `intent_emission`. */
export interface EmissionModel {
  readonly at: SourceRef;
  readonly action: NameRef;
  readonly intent: NameRef;
  /** The pattern, with its placeholders. */
  readonly target: TextRef;
}

export interface EffectModel {
  readonly at: SourceRef;
  readonly operation: string;
  readonly backend: string;
  readonly intent: NameRef;
  /** As written; `effect` is the one that carries out the intent, where only one in code does. */
  readonly written: NameRef;
  readonly effect: NameRef;
  readonly outputs: readonly EventRef[];
  readonly settings: EffectSettings;
  /** Whether retries are limited, so that the intent can fail for good. */
  readonly mayFail: boolean;
  /** The list of `retry_on` that counts for it: its own, or that of the contract's defaults. */
  readonly retryOn?: { readonly codes: readonly TextRef[]; readonly own: boolean };
  readonly compensatedBy?: NameRef;
}

/** One of a contract's `invariants`. */
export interface InvariantModel {
  /** The expression or the list. */
  readonly at: SourceRef;
  readonly machine: "orchestrator" | "reducer";
  /** As a diagnostic calls it: its `name`, or its text. */
  readonly name: string;
  readonly never?: ExpressionRef;
  readonly eventually?: readonly NameRef[];
}

/** A domain's contracts, read once: names resolved, lists flat, defaults merged, every part with its place. */
export interface DomainModel {
  readonly set: ContractSet;
  readonly code: DomainCode;
  /** Names that nothing in the contracts or the code has. */
  readonly problems: readonly Diagnostic[];
  /** Of each contract. */
  readonly contractNames: readonly TextRef[];
  readonly messages: ReadonlyMap<string, MessageDefinition>;
  readonly intents: ReadonlyMap<string, IntentDefinition>;
  readonly entityIdField: TextRef;
  readonly attemptIdField: string;
  readonly startedBy: EventRef;
  readonly maxClockSkew: string;
  readonly consumed: readonly TopicEvent[];
  readonly published: readonly TopicEvent[];
  readonly deadLetterTopic: TextRef;
  readonly handlers: readonly HandlerModel[];
  /** Its triggers are events; the reducer's are names of its own. */
  readonly orchestrator: MachineModel<EventRef>;
  readonly reducer: MachineModel;
  /** The reducer's `consumed_events`. */
  readonly triggers: readonly { readonly event: EventRef; readonly trigger: NameRef }[];
  readonly emissions: readonly EmissionModel[];
  readonly effects: readonly EffectModel[];
  readonly invariants: readonly InvariantModel[];
}
