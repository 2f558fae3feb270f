import { NO_ENTITY, type Route, type RouteRow, type RouteRowAction } from "../../core/domain.ts";
import type { DomainCode } from "../../core/domain-code.ts";
import type { Handler } from "../../core/handler.ts";
import { requireCondition, machineStateName } from "./compile-machines.ts";
import { requireEntry } from "./require-entry.ts";
import type { HandlerRow, MatrixRow, OrchestratorContract } from "../language/schema.ts";
import { stateList } from "../language/schema-parts.ts";

type DeclaredRow = Pick<MatrixRow, "current_state" | "when"> & { readonly toAction: RouteRowAction };

/** By message type (or runtime pattern) and state the rows that may fit, in order. */
export function compileRoutes(contract: OrchestratorContract, code: DomainCode): ReadonlyMap<string, Route> {
  const states = [NO_ENTITY, ...contract.state_machine.states.map(({ state_name }) => state_name)];
  return new Map(
    contract.handler_routing.handlers.map((row) => {
      const handler = requireEntry(code.handlers, row.handler.name, "handler");
      const asks = declaredRowsOf(row, handler);
      return [row.event_model.name, { handler: row.handler.name, rows: rowsByState(asks, states) }] as const;
    }),
  );
}

function declaredRowsOf(row: HandlerRow, handler: Handler): readonly DeclaredRow[] {
  const toAction = (action: string, reason = ""): RouteRowAction =>
    action === "no_op"
      ? { kind: "no_op", reason }
      : { kind: "call", name: action, run: requireEntry(handler.actions, action, `action of ${row.handler.name}`) };
  if (row.action !== undefined) return [{ current_state: "*", toAction: toAction(row.action, row.reason) }];
  return (row.state_decision_matrix ?? []).map((each) => ({ ...each, toAction: toAction(each.action, each.reason) }));
}

function rowsByState(
  declaredRows: readonly DeclaredRow[],
  states: readonly string[],
): ReadonlyMap<string, readonly RouteRow[]> {
  const rows = new Map<string, RouteRow[]>(states.map((state) => [state, []]));
  // A state is taken by its first row without `when`: no row below it, "*" included, can ever be asked.
  const decidedStates = new Set<string>();
  for (const { current_state, when, toAction } of declaredRows) {
    const namedStates = stateList(current_state);
    const coveredStates = namedStates.includes("*") ? states : namedStates.map(machineStateName);
    const row: RouteRow =
      when === undefined ? { action: toAction } : { when: requireCondition(when), action: toAction };
    for (const state of coveredStates) {
      if (decidedStates.has(state)) continue;
      rows.get(state)?.push(row);
      if (when === undefined) decidedStates.add(state);
    }
  }
  return rows;
}
