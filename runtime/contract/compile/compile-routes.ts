import { NO_ENTITY, type Route, type Row, type RowAction } from "../../core/domain.ts";
import type { DomainCode } from "../../core/domain-code.ts";
import type { Handler } from "../../core/handler.ts";
import { checkedCondition, stateKey } from "./compile-machines.ts";
import { ownEntry } from "./require-entry.ts";
import type { HandlerRow, MatrixRow, OrchestratorContract } from "../language/schema.ts";
import { stateList } from "../language/schema-parts.ts";

type Ask = Pick<MatrixRow, "current_state" | "when"> & { readonly run: RowAction };

/** By message type (or runtime pattern) and state the rows that may fit, in order. */
export function compileRoutes(contract: OrchestratorContract, code: DomainCode): ReadonlyMap<string, Route> {
  const states = [NO_ENTITY, ...contract.state_machine.states.map(({ state_name }) => state_name)];
  return new Map(
    contract.handler_routing.handlers.map((row) => {
      const handler = ownEntry(code.handlers, row.handler.name, "handler");
      const asks = asksOf(row, handler);
      return [row.event_model.name, { handler: row.handler.name, rows: rowsByState(asks, states) }] as const;
    }),
  );
}

function asksOf(row: HandlerRow, handler: Handler): readonly Ask[] {
  const run = (action: string, reason = ""): RowAction =>
    action === "no_op"
      ? { kind: "no_op", reason }
      : { kind: "call", name: action, run: ownEntry(handler.actions, action, `action of ${row.handler.name}`) };
  if (row.action !== undefined) return [{ current_state: "*", run: run(row.action, row.reason) }];
  return (row.state_decision_matrix ?? []).map((each) => ({ ...each, run: run(each.action, each.reason) }));
}

function rowsByState(asks: readonly Ask[], states: readonly string[]): ReadonlyMap<string, readonly Row[]> {
  const rows = new Map<string, Row[]>(states.map((state) => [state, []]));
  // A state is taken by its first row without `when`: no row below it, "*" included, can ever be asked.
  const taken = new Set<string>();
  for (const { current_state, when, run } of asks) {
    const named = stateList(current_state);
    const meant = named.includes("*") ? states : named.map(stateKey);
    const row: Row = when === undefined ? { action: run } : { when: checkedCondition(when), action: run };
    for (const state of meant) {
      if (taken.has(state)) continue;
      rows.get(state)?.push(row);
      if (when === undefined) taken.add(state);
    }
  }
  return rows;
}
