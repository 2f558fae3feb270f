import type { ExpiryGuardSpec } from "../../core/domain.ts";
import type { parseExpression } from "../../core/expression.ts";
import type { EventPattern } from "../language/event-pattern.ts";
import type { SourceRef } from "../reading/contract-source.ts";

/** A text of a contract, and its place. */
export interface TextRef {
  readonly text: string;
  readonly at: SourceRef;
}

/** A name that a contract uses. */
export interface NameRef {
  /** As it was probably meant: a misspelt name is reported once and then read as the name within reach. */
  readonly name: string;
  /** As the contract has it: what runs goes by this one. */
  readonly written: string;
  readonly at: SourceRef;
  /** Reported, and nothing is within reach: the checks that follow leave it alone. */
  readonly unknown: boolean;
}

/** An event type or runtime pattern where a contract names one; `name` is its whole text, `failed(stock.reserve)`. */
export interface EventRef extends NameRef, EventPattern {}

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
  /** Without a handler of its own: each row's one event gets the message's fields. */
  readonly copiesFields: boolean;
}

/** Durations are texts as in the contract: `30s`. */
export interface DeadlineModel {
  readonly name: string;
  readonly at: SourceRef;
  readonly renewedBy: readonly EventRef[];
  readonly after: string;
  readonly renewedFor: string;
  readonly expiryGuard?: ExpiryGuardSpec;
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
