import { type Diagnostic, joinWithAnd, stateLabel } from "../diagnostics/diagnostic.ts";
import type { DomainModel, EventRef, RowModel } from "../model/domain-model.ts";
import { statesWithDeadline } from "../model/events.ts";
import { childRef, diagnosticAt } from "../reading/contract-source.ts";

/** RC110: a row renews only where a deadline is armed that its message renews, and each such message can renew it. */
export function* checkRenewals(model: DomainModel): Iterable<Diagnostic> {
  for (const { event, rows } of model.handlers)
    for (const row of rows) if (row.renews && !event.unknown) yield* idleRenewal(model, event, row);
  yield* ignoredRenewals(model);
}

function* idleRenewal(model: DomainModel, event: EventRef, row: RowModel): Iterable<Diagnostic> {
  const renewable = statesWithDeadline(model).filter(({ deadline }) =>
    deadline.renewedBy.some(({ name }) => name === event.name),
  );
  const related = renewable.map(({ deadline: { name, at } }) => ({ at, message: `${event.name} renews ${name}` }));
  const states = new Set(renewable.map(({ name }) => name));
  // "*" takes what is left: that some of it can be renewed is enough.
  const isRest = row.namedStates.some(({ name }) => name === "*");
  const idle = row.decidableStates.filter((state) => !states.has(state));
  if (idle.length === 0 || (isRest && idle.length < row.decidableStates.length)) return;
  const where = isRest ? "any of its states" : joinWithAnd(idle.map(stateLabel));
  const message = `${event.name} renews nothing in ${where}: no deadline there has it under renewed_by`;
  yield diagnosticAt("RC110", childRef(row.at, "action"), message, { related });
}

/** A message under `renewed_by` that leads to nothing where the deadline is armed. */
function* ignoredRenewals(model: DomainModel): Iterable<Diagnostic> {
  for (const { name: state, deadline } of statesWithDeadline(model))
    for (const { name, at, unknown } of deadline.renewedBy) {
      const rows = model.handlers.find(({ event }) => event.name === name)?.rows;
      if (unknown || !rows) continue;
      const deciding = rows.filter(({ decidableStates }) => decidableStates.includes(state));
      if (deciding.length === 0 || deciding.some(({ action, renews, refusal }) => action || renews || refusal))
        continue;
      const related = deciding.map((row) => ({ at: row.at, message: "this row does nothing" }));
      const message = `${name} never renews ${deadline.name}: its row in ${state} is a no_op`;
      yield diagnosticAt("RC110", at, message, { related, remedy: "let the row say action: renew" });
    }
}
