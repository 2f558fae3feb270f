import { NO_ENTITY } from "../../core/domain.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { DomainModel, HandlerModel, MachineModel } from "../model/domain-model.ts";
import { keyOf, listed, problem } from "../reading/source-ref.ts";

/** RC104: a matrix decides about every state, and each of its rows about at least one. */
export function checkMatrix({ handlers, orchestrator }: DomainModel): readonly Diagnostic[] {
  return handlers.flatMap((handler) =>
    handler.hasMatrix ? [...uncovered(handler, orchestrator), ...unreachable(handler)] : [],
  );
}

const shown = (state: string): string => (state === NO_ENTITY ? "null" : state);

function uncovered({ at, event, rows }: HandlerModel, { states }: MachineModel): readonly Diagnostic[] {
  const covered = new Set(rows.flatMap((row) => (row.when ? [] : row.states)));
  // A row that names a state that does not exist was meant for one of those that are left.
  if (rows.some((row) => row.current.some(({ unknown }) => unknown))) return [];
  const left = [...states.keys()].filter((state) => !covered.has(state));
  if (left.length === 0) return [];
  const half = left.some((state) => rows.some((row) => row.when && row.states.includes(state)));
  const message =
    `no row decides about ${event.name} in ` +
    `${listed(left.map(shown))}${half ? ": rows with `when` don't cover" : ""}`;
  const related = left.map((state) => ({
    at: states.get(state)?.at ?? at,
    message: `${shown(state)} is declared here`,
  }));
  return [problem("RC104", keyOf(at.source, ...at.path, "state_decision_matrix"), message, { related })];
}

function unreachable({ rows }: HandlerModel): readonly Diagnostic[] {
  return rows.flatMap((row, index) => {
    if (row.states.length > 0 || row.current.some(({ unknown }) => unknown)) return [];
    const above = rows.slice(0, index).filter((each) => !each.when);
    const takes = above.filter((each) => row.current.some(({ name }) => name === "*" || each.states.includes(name)));
    const related = takes.map((each) => ({ at: each.current[0]?.at ?? each.at, message: "this row above takes it" }));
    const at = row.current[0]?.at ?? row.at;
    return [problem("RC104", at, "this row never decides: the rows above leave nothing", { related })];
  });
}
