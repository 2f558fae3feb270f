import type { DomainCode } from "../../core/domain-code.ts";
import type { HandlerRow, MatrixRow, OrchestratorContract } from "../language/schema.ts";
import type { LoadedContract } from "../reading/contract-source.ts";
import { fittingHandler } from "../checks/check-code-fit.ts";
import type { HandlerModel, RowModel } from "./domain-model.ts";
import type { NameLookup, NameRef, NameResolver } from "./name-resolver.ts";
import type { EventReader } from "./read-events.ts";
import { machineStateName, stateLookup } from "./read-machine.ts";
import { itemsWithRefs, sourceRef, type SourceRef, childRef } from "../reading/source-ref.ts";

const ANY_STATE = "*";

interface ReadContext {
  readonly names: NameResolver;
  readonly event: EventReader;
  readonly code: DomainCode;
  readonly states: NameLookup;
}

export function readHandlers(
  source: LoadedContract<OrchestratorContract>,
  code: DomainCode,
  names: NameResolver,
  event: EventReader,
): readonly HandlerModel[] {
  const reading = { names, event, code, states: stateLookup(source) };
  return source.contract.handler_routing.handlers.map((row, index) =>
    readHandler(reading, row, sourceRef(source, "handler_routing", "handlers", index)),
  );
}

function readHandler(reading: ReadContext, row: HandlerRow, at: SourceRef): HandlerModel {
  const { names, code } = reading;
  const event = reading.event(row.event_model.name, childRef(at, "event_model", "name"));
  const written = names.resolve(row.handler.name, childRef(at, "handler", "name"), {
    kind: "handler",
    candidates: Object.keys(code.handlers),
    where: "in code",
  });
  const handler = fittingHandler(code, event, written);
  const outputs = (row.output_events ?? []).map((text, i) => reading.event(text, childRef(at, "output_events", i)));
  const shared = { handler, outputs };
  const matrix = row.state_decision_matrix;
  const rows = matrix
    ? readMatrix(reading, matrix, childRef(at, "state_decision_matrix"), shared)
    : [readSingleAction(reading, row, at, shared)];
  return { at, event, written, handler, outputs, rows, hasMatrix: matrix !== undefined };
}

type HandlerDefaults = Pick<HandlerModel, "handler" | "outputs">;

function readSingleAction(reading: ReadContext, row: HandlerRow, at: SourceRef, shared: HandlerDefaults): RowModel {
  return {
    at,
    namedStates: [{ name: ANY_STATE, at, unknown: false }],
    decidableStates: [...reading.states.candidates],
    ...actionOf(reading, row.action, childRef(at, "action"), shared.handler),
    outputs: shared.outputs,
  };
}

/** The first row that fits decides: a row may decide the states that no unconditional row above it took. */
function readMatrix(
  reading: ReadContext,
  rows: readonly MatrixRow[],
  at: SourceRef,
  shared: HandlerDefaults,
): readonly RowModel[] {
  const undecidedStates = new Set(reading.states.candidates);
  return rows.map((row, index): RowModel => {
    const rowAt = childRef(at, index);
    const current = itemsWithRefs(row.current_state, childRef(rowAt, "current_state")).map(({ item, at: stateAt }) => {
      if (item === ANY_STATE) return { name: ANY_STATE, at: stateAt, unknown: false };
      return reading.names.resolve(machineStateName(item), stateAt, reading.states);
    });
    const named = new Set(current.map(({ name }) => name));
    const states = [...undecidedStates].filter((state) => named.has(ANY_STATE) || named.has(state));
    if (row.when === undefined) for (const state of states) undecidedStates.delete(state);
    return {
      at: rowAt,
      namedStates: current,
      decidableStates: states,
      ...(row.when === undefined ? {} : { when: { text: row.when, at: childRef(rowAt, "when") } }),
      ...actionOf(reading, row.action, childRef(rowAt, "action"), shared.handler),
      outputs: row.output_events
        ? row.output_events.map((text, i) => reading.event(text, childRef(rowAt, "output_events", i)))
        : row.action === "no_op"
          ? []
          : shared.outputs,
    };
  });
}

function actionOf(
  { names, code }: ReadContext,
  action: string | undefined,
  at: SourceRef,
  handler: NameRef,
): { readonly action?: NameRef } {
  if (action === undefined || action === "no_op") return {};
  const known = handler.unknown ? undefined : code.handlers[handler.name];
  if (!known) return { action: { name: action, at, unknown: true } };
  const lookup = { kind: "action", candidates: [...Object.keys(known.actions), "no_op"], where: `in ${handler.name}` };
  const found = names.resolve(action, at, lookup);
  return found.name === "no_op" ? {} : { action: found };
}
