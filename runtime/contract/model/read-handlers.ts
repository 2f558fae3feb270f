import type { DomainCode } from "../../core/domain.ts";
import { DeadlineFired, IntentFailed } from "../../core/message.ts";
import type { HandlerRow, MatrixRow, OrchestratorContract } from "../language/schema.ts";
import { childRef, itemsWithRefs, type LoadedContract, type SourceRef, sourceRef } from "../reading/contract-source.ts";
import type { EventRef, HandlerModel, NameRef, RowModel } from "./model-parts.ts";
import { expressionRef, knownName, type NameLookup, type ReadContext, uniqueFit } from "./name-resolver.ts";
import { copyHandlerName } from "./default-code.ts";
import { machineStateName } from "./read-machine.ts";

const ANY_STATE = "*";
const NO_OP = "no_op";

export const readHandlers = (
  source: LoadedContract<OrchestratorContract>,
  context: ReadContext,
  states: NameLookup,
): readonly HandlerModel[] =>
  source.contract.handler_routing.handlers.map((row, index) =>
    readHandler(context, states, row, sourceRef(source, "handler_routing", "handlers", index)),
  );

/** The first row that fits decides: a row may decide the states that no unconditional row above it took. */
function readHandler(
  context: ReadContext,
  states: NameLookup,
  handlerRow: HandlerRow,
  handlerAt: SourceRef,
): HandlerModel {
  const { names, code } = context;
  const event = context.event(handlerRow.event_model.name, childRef(handlerAt, "event_model", "name"));
  const inCode = { kind: "handler", candidates: Object.keys(code.handlers), where: "in code" };
  const copiesFields = handlerRow.handler === undefined;
  const written = handlerRow.handler
    ? names.resolve(handlerRow.handler.name, childRef(handlerAt, "handler", "name"), inCode)
    : copyHandlerRef(code, event, handlerAt);
  const handler = fittingHandler(code, event, written);
  const outputs = readOutputs(context, handlerRow.output_events, handlerAt);
  const { state_decision_matrix: matrix, action, reason } = handlerRow;
  const rows = matrix
    ? itemsWithRefs(matrix, childRef(handlerAt, "state_decision_matrix"))
    : [{ item: { current_state: ANY_STATE, action, reason } satisfies MatrixRow, at: handlerAt }];
  const undecidedStates = new Set(states.candidates);
  const readRow = ({ item: row, at }: { readonly item: MatrixRow; readonly at: SourceRef }): RowModel => {
    const namedStates = itemsWithRefs(row.current_state, childRef(at, "current_state")).map(({ item, at: stateAt }) =>
      item === ANY_STATE ? knownName(ANY_STATE, stateAt) : names.resolve(machineStateName(item), stateAt, states),
    );
    const named = new Set(namedStates.map(({ name }) => name));
    const decidableStates = [...undecidedStates].filter((state) => named.has(ANY_STATE) || named.has(state));
    if (row.when === undefined) for (const state of decidableStates) undecidedStates.delete(state);
    const inherited = matrix && row.action === NO_OP ? [] : outputs;
    const returned = row.output_events ? readOutputs(context, row.output_events, at) : inherited;
    return {
      ...{ at, namedStates, decidableStates, outputs: returned },
      ...(row.when !== undefined && { when: expressionRef(row.when, childRef(at, "when")) }),
      ...(copiesFields ? copyAction(row, returned, at) : readAction(context, row, at, handler)),
    };
  };
  const hasMatrix = matrix !== undefined;
  return { at: handlerAt, event, written, handler, outputs, rows: rows.map(readRow), hasMatrix, copiesFields };
}

/** The action is called like the event. A row that names another one, or no event, is reported by the loader. */
function copyAction({ action, reason = "" }: MatrixRow, [event]: readonly EventRef[], at: SourceRef) {
  if (action === NO_OP) return { reason };
  const name = action ?? event?.written ?? "";
  return { action: { ...knownName(name, at), unknown: action !== undefined || !event }, reason };
}

/** There is none for an event that is reported as unknown. */
function copyHandlerRef({ handlers }: DomainCode, event: EventRef, at: SourceRef): NameRef {
  const name = copyHandlerName(event.written);
  return { ...knownName(name, at), unknown: !Object.hasOwn(handlers, name) };
}

const readOutputs = ({ event }: ReadContext, outputs: readonly string[] = [], at: SourceRef) =>
  outputs.map((text, index) => event(text, childRef(at, "output_events", index)));

/** No `action`: the row is a no_op. */
function readAction(
  { names, code }: ReadContext,
  { action = NO_OP, reason = "" }: MatrixRow,
  rowAt: SourceRef,
  handler: NameRef,
): Pick<RowModel, "action" | "reason"> {
  if (action === NO_OP) return { reason };
  const at = childRef(rowAt, "action");
  const known = handler.unknown ? undefined : code.handlers[handler.name];
  if (!known) return { action: { ...knownName(action, at), unknown: true }, reason };
  const candidates = [...Object.keys(known.actions), NO_OP];
  const found = names.resolve(action, at, { kind: "action", candidates, where: `in ${handler.name}` });
  return found.name === NO_OP ? { reason } : { action: found, reason };
}

/**
 * The handler that was meant where the one written takes another message: the only one that fits, else unknown. A
 * handler that takes one deadline or failure fits all others, so there none can be preferred.
 */
function fittingHandler({ handlers }: DomainCode, event: EventRef, written: NameRef): NameRef {
  const type = messageTypeOf(event);
  const fitting = Object.keys(handlers).filter((name) => handlers[name]?.message.messageType === type);
  const isShared = event.kind === "deadline" || event.kind === "failed";
  if (!written.unknown && isShared && !fitting.includes(written.name)) return { ...written, unknown: true };
  return uniqueFit(fitting, event, written);
}

/** The type of the message definition that a handler of this event takes. */
export function messageTypeOf({ kind, subject }: EventRef): string {
  if (kind === "deadline") return DeadlineFired.messageType;
  return kind === "failed" ? IntentFailed.messageType : subject;
}
