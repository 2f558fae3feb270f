import type { ExpiryGuardSpec } from "../../core/domain.ts";
import type { parseExpression } from "../../core/expression.ts";
import type { Refusal } from "../../core/refusal.ts";
import type { EventPattern } from "../language/event-pattern.ts";
import type { DeadlineDuration } from "../language/schema-parts.ts";
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

/** An event under `output_events`. */
export interface OutputRef extends EventRef {
  /** Which item of the list has it: those of one item are alternatives, of which a function returns exactly one. */
  readonly item: number;
}

/** One of an orchestrator's `refusals`. */
export interface RefusalModel extends Refusal {
  readonly code: string;
  /** Its code. */
  readonly at: SourceRef;
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
  /** Undefined: no function is called. */
  readonly action?: NameRef;
  /** Instead of an action: what the message is declined with. */
  readonly refusal?: NameRef;
  /** Where no function is called and nothing is refused: whether it moves deadlines, else it is a no_op. */
  readonly renews: boolean;
  /** Of a no_op. */
  readonly reason: string;
  readonly outputs: readonly OutputRef[];
}

export interface HandlerModel {
  readonly at: SourceRef;
  readonly event: EventRef;
  /** As written; `handler` is the one that takes the event, where only one in code does. */
  readonly written: NameRef;
  readonly handler: NameRef;
  readonly outputs: readonly OutputRef[];
  readonly rows: readonly RowModel[];
  /** The states in which the runtime declines the message, so that no row decides there. */
  readonly declinedStates: readonly string[];
  readonly hasMatrix: boolean;
  /** Without a handler of its own: the one event of each row that returns one gets the message's fields. */
  readonly copiesFields: boolean;
}

/** Durations are as in the contract: `30s`, or `{ longer_than: 30s }`. */
export interface DeadlineModel {
  readonly name: string;
  readonly at: SourceRef;
  readonly renewedBy: readonly EventRef[];
  readonly after: DeadlineDuration;
  readonly renewedFor: DeadlineDuration;
  readonly expiryGuard?: ExpiryGuardSpec;
}

export interface StateModel {
  readonly name: string;
  readonly at: SourceRef;
  /** Of the orchestrator only. */
  readonly terminal: boolean;
  readonly rests: boolean;
  /** Of a document's resting state: it need not be possible to leave it. */
  readonly stays: boolean;
  readonly transient: boolean;
  readonly deadline?: DeadlineModel;
  readonly raises?: EventRef;
  readonly entryActions: readonly NameRef[];
  /** As in the contract: `30d`. */
  readonly retain?: string;
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
