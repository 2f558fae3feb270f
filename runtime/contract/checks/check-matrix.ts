import { NO_ENTITY } from "../../core/domain.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { DomainModel, HandlerModel, MachineModel } from "../model/domain-model.ts";
import { keyRef, joinWithAnd, diagnosticAt } from "../reading/source-ref.ts";

/** RC104: a matrix decides about every state, and each of its rows about at least one. */
export function checkMatrix({ handlers, orchestrator }: DomainModel): readonly Diagnostic[] {
  return handlers.flatMap((handler) =>
    handler.hasMatrix ? [...undecidedStates(handler, orchestrator), ...unreachableRows(handler)] : [],
  );
}

const stateLabel = (state: string): string => (state === NO_ENTITY ? "null" : state);

function undecidedStates({ at, event, rows }: HandlerModel, { states }: MachineModel): readonly Diagnostic[] {
  const covered = new Set(rows.flatMap((row) => (row.when ? [] : row.decidableStates)));
  // A row that names a state that does not exist was meant for one of those that are left.
  if (rows.some((row) => row.namedStates.some(({ unknown }) => unknown))) return [];
  const left = [...states.keys()].filter((state) => !covered.has(state));
  if (left.length === 0) return [];
  const isPartlyCovered = left.some((state) => rows.some((row) => row.when && row.decidableStates.includes(state)));
  const message =
    `no row decides about ${event.name} in ` +
    `${joinWithAnd(left.map(stateLabel))}${isPartlyCovered ? ": rows with `when` don't cover" : ""}`;
  const related = left.map((state) => ({
    at: states.get(state)?.at ?? at,
    message: `${stateLabel(state)} is declared here`,
  }));
  return [diagnosticAt("RC104", keyRef(at.source, ...at.path, "state_decision_matrix"), message, { related })];
}

function unreachableRows({ rows }: HandlerModel): readonly Diagnostic[] {
  return rows.flatMap((row, index) => {
    if (row.decidableStates.length > 0 || row.namedStates.some(({ unknown }) => unknown)) return [];
    const above = rows.slice(0, index).filter((each) => !each.when);
    const takes = above.filter((each) =>
      row.namedStates.some(({ name }) => name === "*" || each.decidableStates.includes(name)),
    );
    const related = takes.map((each) => ({
      at: each.namedStates[0]?.at ?? each.at,
      message: "this row above takes it",
    }));
    const at = row.namedStates[0]?.at ?? row.at;
    return [diagnosticAt("RC104", at, "this row never decides: the rows above leave nothing", { related })];
  });
}
