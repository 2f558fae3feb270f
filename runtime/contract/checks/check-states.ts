import { type Diagnostic, joinWithAnd, stateLabel } from "../diagnostics/diagnostic.ts";
import type { DomainModel, MachineModel, HandlerModel } from "../model/domain-model.ts";
import { isOutcome, type MessageOrigin, messageOrigin } from "../model/events.ts";
import { reachableFrom } from "../model/transitions.ts";
import { diagnosticAt, keyRef } from "../reading/contract-source.ts";
import { stateEventKey } from "./check-transitions.ts";

/** RC201: a state that can't be reached; one that can't be left and is not terminal. */
export function* checkReachability({ orchestrator, reducer }: DomainModel): Iterable<Diagnostic> {
  for (const machine of [orchestrator, reducer]) {
    if (!machine.states.has(machine.initial)) continue;
    yield* unreachableStates(machine);
    yield* deadEnds(machine);
  }
}

function* unreachableStates(machine: MachineModel): Iterable<Diagnostic> {
  const reached = reachableFrom(machine, machine.initial);
  const left = [...machine.states.values()].filter(({ name }) => !reached.has(name));
  // With nothing to begin with there is one mistake, not one for each state.
  if (reached.size === 1 && left.length > 0) {
    const message = `no transition leaves ${stateLabel(machine.initial)}, so no other state can be reached`;
    return yield diagnosticAt("RC201", machine.initialAt, message);
  }
  // Nor is there one for each state that only an unreachable state leads to.
  const entered = (name: string) => machine.transitions.some(({ from, to }) => to.name === name && from.name !== name);
  const explained = new Set<string>();
  for (const { name, at } of [...left.filter((state) => !entered(state.name)), ...left]) {
    if (explained.has(name)) continue;
    const cut = [...reachableFrom(machine, name)].filter((state) => !reached.has(state) && !explained.has(state));
    for (const state of cut) explained.add(state);
    const others = cut.filter((state) => state !== name);
    const more = others.length > 0 ? `, and so neither can ${joinWithAnd(others)}` : "";
    yield diagnosticAt("RC201", at, `${name} can't be reached from ${stateLabel(machine.initial)}${more}`);
  }
}

function* deadEnds(machine: MachineModel): Iterable<Diagnostic> {
  const reached = reachableFrom(machine, machine.initial);
  const left = statesLeft(machine);
  for (const { name, terminal, at } of machine.states.values())
    if (!terminal && !left.has(name) && reached.has(name) && name !== machine.initial)
      yield diagnosticAt("RC201", at, `${name} can't be left, and is not terminal`);
}

const statesLeft = ({ transitions }: MachineModel): ReadonlySet<string> =>
  new Set(transitions.filter(({ from, to }) => from.name !== to.name).map(({ from }) => from.name));

const RUNTIME_ORIGINS: readonly (MessageOrigin | undefined)[] = ["raised", "failed", "published", "outcome"];

/** RC301: without a deadline, a state that only something outside ends may last for ever. */
export function* checkUnboundedWaits(model: DomainModel): Iterable<Diagnostic> {
  const { orchestrator, handlers } = model;
  const rows = handlers.flatMap((handler) =>
    RUNTIME_ORIGINS.includes(messageOrigin(model, handler.event)) ? handler.rows : [],
  );
  const endedByRuntime = new Set(
    rows.flatMap(({ decidableStates, outputs }) =>
      decidableStates.flatMap((state) => outputs.map(({ name }) => stateEventKey(state, name))),
    ),
  );
  const isEndedByRuntime = (state: string) =>
    orchestrator.transitions.some(
      ({ from, to, trigger: { name } }) =>
        from.name === state &&
        to.name !== state &&
        (endedByRuntime.has(stateEventKey(state, name)) ||
          /^(published|failed)\(/.test(name) ||
          isOutcome(model, name)),
    );
  const left = statesLeft(orchestrator);
  for (const { name, at, terminal, transient, deadline } of orchestrator.states.values())
    if (!terminal && !transient && !deadline && left.has(name) && !isEndedByRuntime(name))
      yield diagnosticAt("RC301", at, `${name} waits for something outside and has no deadline: it may wait forever`, {
        severity: "warning",
      });
}

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
