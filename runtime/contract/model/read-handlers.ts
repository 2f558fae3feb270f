import type { DomainCode } from "../../core/domain.ts";
import type { HandlerRow, MatrixRow, OrchestratorContract } from "../language/schema.ts";
import type { LoadedContract } from "../reading/contract-source.ts";
import { childRef, itemsWithRefs, sourceRef, type SourceRef } from "../reading/source-ref.ts";
import type { HandlerModel, RowModel } from "./domain-model.ts";
import { fittingHandler } from "./fitting-code.ts";
import { knownName, type NameLookup, type NameRef, type NameResolver } from "./name-resolver.ts";
import type { EventReader } from "./read-events.ts";
import { machineStateName } from "./read-machine.ts";
import { expressionRef } from "./expression-ref.ts";

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
