import type { Route, RouteRow, RouteRowAction } from "../../core/domain.ts";
import type { Handler } from "../../core/handler.ts";
import type { DomainModel, HandlerModel, RowModel } from "../model/domain-model.ts";
import { firstByKey } from "../model/first-by-key.ts";
import { requireCondition, requireEntry, requireState } from "./require.ts";

const ANY_STATE = "*";

/** By message type (or runtime pattern) and state the rows that may fit, in order. */
export function compileRoutes(model: DomainModel): ReadonlyMap<string, Route> {
  return firstByKey(
    model.handlers,
    ({ event }) => event.written,
    (handler) => compileRoute(model, handler),
  );
}

function compileRoute({ code, orchestrator }: DomainModel, { written: { written: name }, rows }: HandlerModel): Route {
  const handler = requireEntry(code.handlers, name, "handler");
  const byState = new Map<string, RouteRow[]>([...orchestrator.states.keys()].map((state) => [state, []]));
  for (const row of rows) {
    for (const state of row.namedStates) if (state.name !== ANY_STATE) requireState(state);
    const compiled = compileRow(row, name, handler);
    for (const state of row.decidableStates) byState.get(state)?.push(compiled);
  }
  return { handler: name, rows: byState };
}

function compileRow({ when, action, reason }: RowModel, name: string, { actions }: Handler): RouteRow {
  const compiled: RouteRowAction = action
    ? { kind: "call", name: action.written, run: requireEntry(actions, action.written, `action of ${name}`) }
    : { kind: "no_op", reason };
  return { ...(when && { when: requireCondition(when) }), action: compiled };
}
