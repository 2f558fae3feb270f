import type { DomainCode } from "../../core/domain-code.ts";
import type { HandlerRow, MatrixRow, OrchestratorContract } from "../language/schema.ts";
import type { ContractSource } from "../reading/contract-source.ts";
import { fittingHandler } from "../checks/check-code-fit.ts";
import type { HandlerModel, RowModel } from "./domain-model.ts";
import type { Lookup, Name, Names } from "./name-resolver.ts";
import type { ReadEvent } from "./read-events.ts";
import { nameOfState, stateLookup } from "./read-machine.ts";
import { eachOf, spot, type Spot, under } from "../reading/source-ref.ts";

const ANY_STATE = "*";

interface Reading {
  readonly names: Names;
  readonly event: ReadEvent;
  readonly code: DomainCode;
  readonly states: Lookup;
}

export function readHandlers(
  source: ContractSource<OrchestratorContract>,
  code: DomainCode,
  names: Names,
  event: ReadEvent,
): readonly HandlerModel[] {
  const reading = { names, event, code, states: stateLookup(source) };
  return source.contract.handler_routing.handlers.map((row, index) =>
    readHandler(reading, row, spot(source, "handler_routing", "handlers", index)),
  );
}

function readHandler(reading: Reading, row: HandlerRow, at: Spot): HandlerModel {
  const { names, code } = reading;
  const event = reading.event(row.event_model.name, under(at, "event_model", "name"));
  const written = names.resolve(row.handler.name, under(at, "handler", "name"), {
    what: "handler",
    among: Object.keys(code.handlers),
    where: "in code",
  });
  const handler = fittingHandler(code, event, written);
  const outputs = (row.output_events ?? []).map((text, i) => reading.event(text, under(at, "output_events", i)));
  const shared = { handler, outputs };
  const matrix = row.state_decision_matrix;
  const rows = matrix
    ? readMatrix(reading, matrix, under(at, "state_decision_matrix"), shared)
    : [readLoneAction(reading, row, at, shared)];
  return { at, event, written, handler, outputs, rows, hasMatrix: matrix !== undefined };
}

type Shared = Pick<HandlerModel, "handler" | "outputs">;

function readLoneAction(reading: Reading, row: HandlerRow, at: Spot, shared: Shared): RowModel {
  return {
    at,
    current: [{ name: ANY_STATE, at, unknown: false }],
    states: [...reading.states.among],
    ...actionOf(reading, row.action, under(at, "action"), shared.handler),
    outputs: shared.outputs,
  };
}

/** The first row that fits decides: a row may decide the states that no unconditional row above it took. */
function readMatrix(reading: Reading, rows: readonly MatrixRow[], at: Spot, shared: Shared): readonly RowModel[] {
  const left = new Set(reading.states.among);
  return rows.map((row, index): RowModel => {
    const rowAt = under(at, index);
    const current = eachOf(row.current_state, under(rowAt, "current_state")).map(({ item, at: stateAt }) => {
      if (item === ANY_STATE) return { name: ANY_STATE, at: stateAt, unknown: false };
      return reading.names.resolve(nameOfState(item), stateAt, reading.states);
    });
    const named = new Set(current.map(({ name }) => name));
    const states = [...left].filter((state) => named.has(ANY_STATE) || named.has(state));
    if (row.when === undefined) for (const state of states) left.delete(state);
    return {
      at: rowAt,
      current,
      states,
      ...(row.when === undefined ? {} : { when: { text: row.when, at: under(rowAt, "when") } }),
      ...actionOf(reading, row.action, under(rowAt, "action"), shared.handler),
      outputs: row.output_events
        ? row.output_events.map((text, i) => reading.event(text, under(rowAt, "output_events", i)))
        : row.action === "no_op"
          ? []
          : shared.outputs,
    };
  });
}

function actionOf(
  { names, code }: Reading,
  action: string | undefined,
  at: Spot,
  handler: Name,
): { readonly action?: Name } {
  if (action === undefined || action === "no_op") return {};
  const known = handler.unknown ? undefined : code.handlers[handler.name];
  if (!known) return { action: { name: action, at, unknown: true } };
  const lookup = { what: "action", among: [...Object.keys(known.actions), "no_op"], where: `in ${handler.name}` };
  const found = names.resolve(action, at, lookup);
  return found.name === "no_op" ? {} : { action: found };
}
