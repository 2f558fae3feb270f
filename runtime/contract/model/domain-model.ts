import type { DomainCode } from "../../core/domain-code.ts";
import type { ContractSet } from "../reading/contract-source.ts";
import type { EventPatternKind } from "../language/event-pattern.ts";
import type { NameRef } from "./name-resolver.ts";
import type { SourceRef } from "../reading/source-ref.ts";

/** An event type or runtime pattern where a contract names one; `name` is its whole text, `failed(stock.reserve)`. */
export interface EventRef extends NameRef {
  readonly kind: EventPatternKind;
  readonly subject: string;
}

export interface ExpressionRef {
  readonly text: string;
  readonly at: SourceRef;
}

/** A row of a matrix, or the one row of a handler that has only an `action`. */
export interface RowModel {
  readonly at: SourceRef;
  /** Which states it names; `"*"` is one of them. */
  readonly namedStates: readonly NameRef[];
  /** The states that it may decide: those it names and no unconditional row above takes. */
  readonly decidableStates: readonly string[];
  readonly when?: ExpressionRef;
  /** Undefined: no_op. */
  readonly action?: NameRef;
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

export interface StateModel {
  readonly name: string;
  readonly at: SourceRef;
  readonly terminal: boolean;
  readonly transient: boolean;
  readonly deadline?: { readonly name: string; readonly at: SourceRef; readonly renewedBy: readonly EventRef[] };
  readonly raises?: EventRef;
  readonly entryActions: readonly NameRef[];
}

/** A transition from one state: a list under `from_state` makes several. */
export interface TransitionModel {
  /** Position in the file, shared by the states of one list. */
  readonly index: number;
  readonly at: SourceRef;
  readonly from: NameRef;
  readonly trigger: NameRef;
  readonly to: NameRef;
  readonly conditions: readonly ExpressionRef[];
  readonly actions: readonly NameRef[];
}

export interface MachineModel {
  readonly initial: string;
  readonly initialAt: SourceRef;
  /** The orchestrator's `null` is one of them, called NO_ENTITY. */
  readonly states: ReadonlyMap<string, StateModel>;
  readonly transitions: readonly TransitionModel[];
}

export interface EffectModel {
  readonly at: SourceRef;
  readonly intent: NameRef;
  /** As written; `effect` is the one that carries out the intent, where only one in code does. */
  readonly written: NameRef;
  readonly effect: NameRef;
  readonly outputs: readonly EventRef[];
  readonly mayFail: boolean;
  readonly retryOn?: {
    readonly codes: readonly { readonly code: string; readonly at: SourceRef }[];
    readonly own: boolean;
  };
  readonly compensatedBy?: NameRef;
}

/** One of a contract's `invariants`. */
export interface InvariantModel {
  /** The expression or the list. */
  readonly at: SourceRef;
  readonly machine: "orchestrator" | "reducer";
  /** As a diagnostic calls it: its name, or what it says. */
  readonly name: string;
  readonly never?: ExpressionRef;
  readonly eventually?: readonly NameRef[];
}

/** A domain's contracts as its checks read them: names resolved, lists flat, every part with its place. */
export interface DomainModel {
  readonly set: ContractSet;
  readonly code: DomainCode;
  readonly startedBy: EventRef;
  readonly consumed: readonly EventRef[];
  readonly published: readonly EventRef[];
  readonly handlers: readonly HandlerModel[];
  readonly orchestrator: MachineModel;
  readonly reducer: MachineModel;
  /** The reducer's `consumed_events`. */
  readonly triggers: readonly { readonly event: EventRef; readonly trigger: NameRef }[];
  readonly emissions: readonly { readonly action: NameRef; readonly intent: NameRef; readonly at: SourceRef }[];
  readonly effects: readonly EffectModel[];
  readonly invariants: readonly InvariantModel[];
}
