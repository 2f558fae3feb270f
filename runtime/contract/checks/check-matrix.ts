import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { joinWithAnd, stateLabel } from "../diagnostics/wording.ts";
import type { DomainModel, HandlerModel, MachineModel } from "../model/domain-model.ts";
import { diagnosticAt, keyRef } from "../reading/source-ref.ts";

/** RC104: a matrix decides about every state, and each of its rows about at least one. */
export function* checkMatrix({ handlers, orchestrator }: DomainModel): Iterable<Diagnostic> {
  for (const handler of handlers.filter(({ hasMatrix }) => hasMatrix)) {
    yield* undecidedStates(handler, orchestrator);
    yield* unreachableRows(handler);
  }
}

function* undecidedStates({ at, event, rows }: HandlerModel, { states }: MachineModel): Iterable<Diagnostic> {
  const covered = new Set(rows.flatMap((row) => (row.when ? [] : row.decidableStates)));
  // A row that names a state that does not exist was meant for one of those that are left.
  if (rows.some((row) => row.namedStates.some(({ unknown }) => unknown))) return;
  const left = [...states.keys()].filter((state) => !covered.has(state));
  if (left.length === 0) return;
  const isPartlyCovered = left.some((state) => rows.some((row) => row.when && row.decidableStates.includes(state)));
  const hint = isPartlyCovered ? ": rows with `when` don't cover" : "";
  const message = `no row decides about ${event.name} in ${joinWithAnd(left.map(stateLabel))}${hint}`;
  const related = left.map((state) => ({
    at: states.get(state)?.at ?? at,
    message: `${stateLabel(state)} is declared here`,
  }));
  yield diagnosticAt("RC104", keyRef(at.source, ...at.path, "state_decision_matrix"), message, { related });
}

function* unreachableRows({ rows }: HandlerModel): Iterable<Diagnostic> {
  for (const [index, { at, decidableStates, namedStates }] of rows.entries()) {
    if (decidableStates.length > 0 || namedStates.some(({ unknown }) => unknown)) continue;
    const above = rows.slice(0, index).filter((each) => !each.when);
    const related = above
      .filter((each) => namedStates.some(({ name }) => name === "*" || each.decidableStates.includes(name)))
      .map((each) => ({ at: each.namedStates[0]?.at ?? each.at, message: "this row above takes it" }));
    const message = "this row never decides: the rows above leave nothing";
    yield diagnosticAt("RC104", namedStates[0]?.at ?? at, message, { related });
  }
}
