import type { DomainCode } from "../../core/domain.ts";
import { DeadlineFired, IntentFailed } from "../../core/message.ts";
import { parseAlternatives } from "../language/alternatives.ts";
import type { OrchestratorContract } from "../language/schema.ts";
import type { HandlerRow, MatrixRow } from "../language/schema-routing.ts";
import { childRef, itemsWithRefs, type LoadedContract, type SourceRef, sourceRef } from "../reading/contract-source.ts";
import type { EventRef, HandlerModel, NameRef, OutputRef, RowModel } from "./model-parts.ts";
import { expressionRef, knownName, type NameLookup, type ReadContext, uniqueFit } from "./name-resolver.ts";
import { copyHandlerName } from "./default-code.ts";
import { machineStateName } from "./read-machine.ts";

const ANY_STATE = "*";
const NO_OP = "no_op";
const RENEW = "renew";
/** Actions of the language: a handler's own are functions. */
const BUILT_IN: readonly string[] = [NO_OP, RENEW];

export const readHandlers = (
  source: LoadedContract<OrchestratorContract>,
  context: ReadContext,
  states: NameLookup,
): readonly HandlerModel[] =>
  source.contract.handler_routing.handlers.map((row, index) =>
    readHandler(
      ...([context, states, row, declinedStates(source.contract, row)] as const),
      sourceRef(source, "handler_routing", "handlers", index),
    ),
  );

/** Under `once` nothing from outside is taken after the end. */
function declinedStates({ lifecycle, consumed_events, state_machine }: OrchestratorContract, row: HandlerRow) {
  const isFromOutside = consumed_events.some(({ event_type }) => event_type === row.event_model.name);
  if (lifecycle !== "once" || !isFromOutside) return [];
  return state_machine.states.filter((state) => state.is_terminal).map(({ state_name }) => state_name);
}

/** The first row that fits decides: a row may decide the states that no unconditional row above it took. */
function readHandler(
  context: ReadContext,
  states: NameLookup,
  handlerRow: HandlerRow,
  declinedStates: readonly string[],
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
  const { state_decision_matrix: matrix, action, refuse, reason } = handlerRow;
  const rows = matrix
    ? itemsWithRefs(matrix, childRef(handlerAt, "state_decision_matrix"))
    : [{ item: { current_state: ANY_STATE, action, refuse, reason } satisfies MatrixRow, at: handlerAt }];
  const undecidedStates = new Set(states.candidates.filter((state) => !declinedStates.includes(state)));
  const readRow = ({ item: row, at }: { readonly item: MatrixRow; readonly at: SourceRef }): RowModel => {
    const namedStates = itemsWithRefs(row.current_state, childRef(at, "current_state")).map(({ item, at: stateAt }) =>
      item === ANY_STATE ? knownName(ANY_STATE, stateAt) : names.resolve(machineStateName(item), stateAt, states),
    );
    const named = new Set(namedStates.map(({ name }) => name));
    const decidableStates = [...undecidedStates].filter((state) => named.has(ANY_STATE) || named.has(state));
    if (row.when === undefined) for (const state of decidableStates) undecidedStates.delete(state);
    const hasNoEvents = row.refuse !== undefined || BUILT_IN.includes(row.action ?? "");
    const inherited = matrix && hasNoEvents ? [] : outputs;
    const returned = row.output_events ? readOutputs(context, row.output_events, at) : inherited;
    return {
      ...{ at, namedStates, decidableStates, outputs: returned },
      ...(row.when !== undefined && { when: expressionRef(row.when, childRef(at, "when")) }),
      ...(row.refuse !== undefined
        ? { refusal: names.resolve(row.refuse, childRef(at, "refuse"), context.refusal), reason: "", renews: false }
        : copiesFields
          ? copyAction(row, returned, at)
          : readAction(context, row, at, handler)),
    };
  };
  return {
    ...{ at: handlerAt, event, written, handler, outputs, declinedStates, rows: rows.map(readRow) },
    ...{ hasMatrix: matrix !== undefined, copiesFields },
  };
}

/** The action is called like the event. A row that names another one, or no event, is reported by the loader. */
function copyAction({ action, reason = "" }: MatrixRow, [event]: readonly EventRef[], at: SourceRef): RowAction {
  if (BUILT_IN.includes(action ?? "")) return { reason, renews: action === RENEW };
  const name = action ?? event?.written ?? "";
  return { action: { ...knownName(name, at), unknown: action !== undefined || !event }, reason, renews: false };
}

/** There is none for an event that is reported as unknown. */
function copyHandlerRef({ handlers }: DomainCode, event: EventRef, at: SourceRef): NameRef {
  const name = copyHandlerName(event.written);
  return { ...knownName(name, at), unknown: !Object.hasOwn(handlers, name) };
}

const readOutputs = ({ event }: ReadContext, outputs: readonly string[] = [], at: SourceRef): readonly OutputRef[] =>
  outputs.flatMap((text, item) => {
    const itemAt = childRef(at, "output_events", item);
    const alternatives = parseAlternatives(text);
    return alternatives.map(({ name, offset }) => {
      const range = alternatives.length > 1 && { range: { offset, length: name.length } };
      return { ...event(name, { ...itemAt, ...range }), item };
    });
  });

type RowAction = Pick<RowModel, "action" | "reason" | "renews">;

/** No `action`: the row is a no_op. */
function readAction(
  { names, code }: ReadContext,
  { action = NO_OP, reason = "" }: MatrixRow,
  rowAt: SourceRef,
  handler: NameRef,
): RowAction {
  const at = childRef(rowAt, "action");
  const known = handler.unknown ? undefined : code.handlers[handler.name];
  if (!known && !BUILT_IN.includes(action))
    return { action: { ...knownName(action, at), unknown: true }, reason, renews: false };
  const candidates = [...BUILT_IN, ...Object.keys(known?.actions ?? {})];
  const found = names.resolve(action, at, { kind: "action", candidates, where: `in ${handler.name}` });
  const { name } = found;
  return { ...(!BUILT_IN.includes(name) && { action: found }), reason, renews: name === RENEW };
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
