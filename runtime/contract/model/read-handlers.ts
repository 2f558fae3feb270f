import type { DomainCode } from "../../core/domain-code.ts";
import type { HandlerRow, MatrixRow, OrchestratorContract } from "../language/schema.ts";
import { type LoadedContract, childRef, itemsWithRefs, sourceRef, type SourceRef } from "../reading/contract-source.ts";
import type { HandlerModel, RowModel, EventRef, NameRef } from "./domain-model.ts";
import { knownName, type NameLookup, type NameResolver, type EventReader, expressionRef } from "./name-resolver.ts";
import { machineStateName } from "./read-machine.ts";
import { DeadlineFired, IntentFailed } from "../../core/message.ts";

const ANY_STATE = "*";

interface ReadContext {
  readonly names: NameResolver;
  readonly event: EventReader;
  readonly code: DomainCode;
  readonly states: NameLookup;
}

export function readHandlers(
  source: LoadedContract<OrchestratorContract>,
  context: ReadContext,
): readonly HandlerModel[] {
  return source.contract.handler_routing.handlers.map((row, index) =>
    readHandler(context, row, sourceRef(source, "handler_routing", "handlers", index)),
  );
}

function readHandler(context: ReadContext, row: HandlerRow, at: SourceRef): HandlerModel {
  const { names, code } = context;
  const event = context.event(row.event_model.name, childRef(at, "event_model", "name"));
  const candidates = Object.keys(code.handlers);
  const written = names.resolve(row.handler.name, childRef(at, "handler", "name"), {
    ...{ kind: "handler", candidates, where: "in code" },
  });
  const handler = fittingHandler(code, event, written);
  const outputs = readOutputs(context, row.output_events, at);
  const matrix = row.state_decision_matrix;
  const rows = matrix
    ? readMatrix(context, matrix, childRef(at, "state_decision_matrix"), { handler, outputs })
    : [readSingleAction(context, row, at, { handler, outputs })];
  return { at, event, written, handler, outputs, rows, hasMatrix: matrix !== undefined };
}

const readOutputs = ({ event }: ReadContext, outputs: readonly string[] = [], at: SourceRef) =>
  outputs.map((text, index) => event(text, childRef(at, "output_events", index)));

type HandlerDefaults = Pick<HandlerModel, "handler" | "outputs">;

function readSingleAction(
  context: ReadContext,
  row: HandlerRow,
  at: SourceRef,
  { handler, outputs }: HandlerDefaults,
): RowModel {
  return {
    at,
    namedStates: [knownName(ANY_STATE, at)],
    decidableStates: context.states.candidates,
    ...readAction(context, row, at, handler),
    outputs,
  };
}

/** The first row that fits decides: a row may decide the states that no unconditional row above it took. */
function readMatrix(
  context: ReadContext,
  rows: readonly MatrixRow[],
  at: SourceRef,
  { handler, outputs }: HandlerDefaults,
): readonly RowModel[] {
  const undecidedStates = new Set(context.states.candidates);
  return rows.map((row, index): RowModel => {
    const rowAt = childRef(at, index);
    const namedStates = readNamedStates(context, row, rowAt);
    const named = new Set(namedStates.map(({ name }) => name));
    const decidableStates = [...undecidedStates].filter((state) => named.has(ANY_STATE) || named.has(state));
    if (row.when === undefined) for (const state of decidableStates) undecidedStates.delete(state);
    const inherited = row.action === "no_op" ? [] : outputs;
    return {
      ...{ at: rowAt, namedStates, decidableStates },
      ...(row.when !== undefined && { when: expressionRef(row.when, childRef(rowAt, "when")) }),
      ...readAction(context, row, rowAt, handler),
      outputs: row.output_events ? readOutputs(context, row.output_events, rowAt) : inherited,
    };
  });
}

const readNamedStates = ({ names, states }: ReadContext, row: MatrixRow, at: SourceRef): readonly NameRef[] =>
  itemsWithRefs(row.current_state, childRef(at, "current_state")).map(({ item, at: stateAt }) =>
    item === ANY_STATE ? knownName(ANY_STATE, stateAt) : names.resolve(machineStateName(item), stateAt, states),
  );

/** No `action`: the row is a no_op. */
function readAction(
  { names, code }: ReadContext,
  { action, reason = "" }: { readonly action?: string | undefined; readonly reason?: string | undefined },
  rowAt: SourceRef,
  handler: NameRef,
): Pick<RowModel, "action" | "reason"> {
  if (action === undefined || action === "no_op") return { reason };
  const at = childRef(rowAt, "action");
  const known = handler.unknown ? undefined : code.handlers[handler.name];
  if (!known) return { action: { name: action, written: action, at, unknown: true }, reason };
  const lookup = { kind: "action", candidates: [...Object.keys(known.actions), "no_op"], where: `in ${handler.name}` };
  const found = names.resolve(action, at, lookup);
  return found.name === "no_op" ? { reason } : { action: found, reason };
}

/**
 * The handler that was meant where the one written takes another message: the only one that fits, else unknown. A
 * handler that takes one deadline or failure fits all others, so there none can be preferred.
 */
export function fittingHandler({ handlers }: DomainCode, event: EventRef, written: NameRef): NameRef {
  const type = messageTypeOf(event);
  const fitting = Object.keys(handlers).filter((name) => handlers[name]?.message.messageType === type);
  const isShared = event.kind === "deadline" || event.kind === "failed";
  if (!written.unknown && isShared && !fitting.includes(written.name)) return { ...written, unknown: true };
  return uniqueFit(fitting, event, written);
}

/** The same for an effect and its intent. */
export function fittingEffect({ effects }: DomainCode, intent: NameRef, written: NameRef): NameRef {
  const fitting = Object.keys(effects).filter((name) => effects[name]?.intent.intentType === intent.name);
  return uniqueFit(fitting, intent, written);
}

function uniqueFit(fitting: readonly string[], about: NameRef, written: NameRef): NameRef {
  if (written.unknown || about.unknown || fitting.includes(written.name)) return written;
  const [only] = fitting;
  return only !== undefined && fitting.length === 1 ? { ...written, name: only } : { ...written, unknown: true };
}

/** The type of the message definition that a handler of this event takes. */
export function messageTypeOf({ kind, subject }: EventRef): string {
  if (kind === "deadline") return DeadlineFired.messageType;
  return kind === "failed" ? IntentFailed.messageType : subject;
}
