import { describe, expect, it } from "vitest";
import type { Facts } from "../../runtime/core/domain.ts";
import { shippedDomain } from "./shipped-domain.ts";

// protocol.md, Reducer states: each state by each trigger. Expectations are written "next state: actions, in order".
const facts = (unconfirmed: number): Facts => ({ payload: { node_id: "n1" }, state: {}, unconfirmed });
const TRIGGERS: Readonly<Record<string, readonly [trigger: string, facts: Facts]>> = {
  introspection_received: ["introspection_received", facts(0)],
  "introspection_received without a node_id": ["introspection_received", { ...facts(0), payload: {} }],
  "backend_confirmed, one still to come": ["backend_confirmed", facts(1)],
  "backend_confirmed, none still to come": ["backend_confirmed", facts(0)],
  error_received: ["error_received", facts(1)],
  activated: ["activated", facts(0)],
  node_changed: ["node_changed", facts(0)],
  reset: ["reset", facts(0)],
};

const both = "emit_consul_intent, emit_postgres_intent";
const takenBack = "idle: emit_consul_deregister, emit_postgres_status";
const anew = `pending: emit_consul_deregister_old, start_attempt, ${both}`;

const EXPECTED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  idle: { introspection_received: `pending: start_attempt, ${both}` },
  pending: {
    introspection_received: anew,
    "introspection_received without a node_id": anew,
    "backend_confirmed, one still to come": "partial",
    "backend_confirmed, none still to come": "complete, raises RegistrationCompleted",
    error_received: "failed: record_failure, raises RegistrationFailed",
    reset: takenBack,
  },
  partial: {
    introspection_received: anew,
    "introspection_received without a node_id": anew,
    "backend_confirmed, one still to come": "partial",
    "backend_confirmed, none still to come": "complete, raises RegistrationCompleted",
    error_received: "failed: record_failure, raises RegistrationFailed",
    reset: takenBack,
  },
  complete: {
    introspection_received: anew,
    "introspection_received without a node_id": anew,
    error_received: "complete: record_failure",
    activated: "complete: emit_consul_status, emit_postgres_status",
    node_changed: `complete: emit_consul_deregister_old, replace_node, ${both}`,
    reset: takenBack,
  },
  failed: { reset: takenBack },
};

const { reducer } = shippedDomain;

function answer(state: string, [trigger, given]: readonly [string, Facts]): string | undefined {
  const cell = reducer.table.get(state)?.get(trigger);
  const mask = cell?.conditions.reduce((bits, holds, i) => (holds(given) ? bits | (1 << i) : bits), 0) ?? 0;
  const found = cell?.results[mask];
  if (!found) return undefined;
  const raises = found.entered ? reducer.states.get(found.to)?.raises : undefined;
  const actions = found.actions.length > 0 ? `: ${found.actions.join(", ")}` : "";
  return `${found.to}${actions}${raises ? `, raises ${raises}` : ""}`;
}

describe.each([...reducer.states.keys()])("the reducer in %s", (state) => {
  it.each(Object.entries(TRIGGERS))("takes %s, or nothing happens", (name, trigger) => {
    expect(answer(state, trigger)).toBe(EXPECTED[state]?.[name]);
  });
});

it("the tables above have every state and trigger of the contract", () => {
  expect(Object.keys(EXPECTED).sort()).toEqual([...reducer.states.keys()].sort());
  const shown = new Set(Object.values(TRIGGERS).map(([trigger]) => trigger));
  expect([...shown].sort()).toEqual([...new Set(shippedDomain.triggerByMessageType.values())].sort());
});
