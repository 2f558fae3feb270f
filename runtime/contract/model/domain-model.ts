import type { DomainCode } from "../../core/domain-code.ts";
import type { ContractSet } from "../reading/contract-source.ts";
import type { PatternKind } from "../language/event-pattern.ts";
import type { Name } from "./name-resolver.ts";
import type { Spot } from "../reading/source-ref.ts";

/** An event type or runtime pattern where a contract names one; `name` is its whole text, `failed(stock.reserve)`. */
export interface EventUse extends Name {
  readonly kind: PatternKind;
  readonly subject: string;
}

export interface ExpressionUse {
  readonly text: string;
  readonly at: Spot;
}

/** A row of a matrix, or the one row of a handler that has only an `action`. */
export interface RowModel {
  readonly at: Spot;
  /** Which states it names; `"*"` is one of them. */
  readonly current: readonly Name[];
  /** The states that it may decide: those it names and no unconditional row above takes. */
  readonly states: readonly string[];
  readonly when?: ExpressionUse;
  /** Undefined: no_op. */
  readonly action?: Name;
  readonly outputs: readonly EventUse[];
}

export interface HandlerModel {
  readonly at: Spot;
  readonly event: EventUse;
  /** As written; `handler` is the one that takes the event, where only one in code does. */
  readonly written: Name;
  readonly handler: Name;
  readonly outputs: readonly EventUse[];
  readonly rows: readonly RowModel[];
  readonly hasMatrix: boolean;
}

export interface StateModel {
  readonly name: string;
  readonly at: Spot;
  readonly terminal: boolean;
  readonly transient: boolean;
  readonly deadline?: { readonly name: string; readonly at: Spot; readonly renewedBy: readonly EventUse[] };
  readonly raises?: EventUse;
  readonly entryActions: readonly Name[];
}

/** A transition from one state: a list under `from_state` makes several. */
export interface TransitionModel {
  /** Position in the file, shared by the states of one list. */
  readonly index: number;
  readonly at: Spot;
  readonly from: Name;
  readonly trigger: Name;
  readonly to: Name;
  readonly conditions: readonly ExpressionUse[];
  readonly actions: readonly Name[];
}

export interface MachineModel {
  readonly initial: string;
  readonly initialAt: Spot;
  /** The orchestrator's `null` is one of them, called NO_ENTITY. */
  readonly states: ReadonlyMap<string, StateModel>;
  readonly transitions: readonly TransitionModel[];
}

export interface EffectModel {
  readonly at: Spot;
  readonly intent: Name;
  /** As written; `effect` is the one that carries out the intent, where only one in code does. */
  readonly written: Name;
  readonly effect: Name;
  readonly outputs: readonly EventUse[];
  readonly limited: boolean;
  readonly retryOn?: { readonly codes: readonly { readonly code: string; readonly at: Spot }[]; readonly own: boolean };
  readonly compensatedBy?: Name;
}

/** One of a contract's `invariants`. */
export interface InvariantModel {
  /** The expression or the list. */
  readonly at: Spot;
  readonly machine: "orchestrator" | "reducer";
  /** As a diagnostic calls it: its name, or what it says. */
  readonly name: string;
  readonly never?: ExpressionUse;
  readonly eventually?: readonly Name[];
}

/** A domain's contracts as its checks read them: names resolved, lists flat, every part with its place. */
export interface DomainModel {
  readonly set: ContractSet;
  readonly code: DomainCode;
  readonly startedBy: EventUse;
  readonly consumed: readonly EventUse[];
  readonly published: readonly EventUse[];
  readonly handlers: readonly HandlerModel[];
  readonly orchestrator: MachineModel;
  readonly reducer: MachineModel;
  /** The reducer's `consumed_events`. */
  readonly triggers: readonly { readonly event: EventUse; readonly trigger: Name }[];
  readonly emissions: readonly { readonly action: Name; readonly intent: Name; readonly at: Spot }[];
  readonly effects: readonly EffectModel[];
  readonly invariants: readonly InvariantModel[];
}
