import { type Diagnostic, joinWithAnd, stateLabel } from "../diagnostics/diagnostic.ts";
import type { DomainModel, MachineModel, HandlerModel, StateModel } from "../model/domain-model.ts";
import { isOutcome, type MessageOrigin, messageOrigin } from "../model/events.ts";
import { reachableFrom } from "../model/transitions.ts";
import { diagnosticAt, keyRef } from "../reading/contract-source.ts";
import { stateEventKey } from "./check-transitions.ts";

/** RC201: a state that can't be reached; one that can't be left, though the entity must not stay there. */
export function* checkReachability({ orchestrator, reducer, lifecycle }: DomainModel): Iterable<Diagnostic> {
  const canStay = lifecycle === "document" ? "neither is it terminal nor does it say stays" : "is not terminal";
  if (orchestrator.states.has(orchestrator.initial)) {
    yield* unreachableStates(orchestrator);
    yield* deadEnds(orchestrator, ({ terminal, stays }) => terminal || stays, canStay);
  }
  if (reducer.states.has(reducer.initial)) {
    yield* unreachableStates(reducer);
    yield* deadEnds(reducer, ({ rests }) => rests, "does not rest");
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

function* deadEnds(
  machine: MachineModel,
  mayStay: (state: StateModel) => boolean,
  missing: string,
): Iterable<Diagnostic> {
  const reached = reachableFrom(machine, machine.initial);
  const left = statesLeft(machine);
  for (const state of machine.states.values()) {
    const { name, at } = state;
    if (!mayStay(state) && !left.has(name) && reached.has(name) && name !== machine.initial)
      yield diagnosticAt("RC201", at, `${name} can't be left, and ${missing}`);
  }
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
  for (const { name, at, terminal, rests, transient, deadline } of orchestrator.states.values())
    if (!terminal && !rests && !transient && !deadline && left.has(name) && !isEndedByRuntime(name))
      yield diagnosticAt("RC301", at, `${name} waits for something outside and has no deadline: it may wait forever`, {
        severity: "warning",
      });
}

/**
 * RC104: a matrix decides about every state, and each of its rows about at least one; none about a state in which the
 * message is declined.
 */
export function* checkMatrix({ handlers, orchestrator }: DomainModel): Iterable<Diagnostic> {
  for (const handler of handlers.filter(({ hasMatrix }) => hasMatrix)) {
    yield* undecidedStates(handler, orchestrator);
    yield* declinedRows(handler, orchestrator);
    yield* unreachableRows(handler);
  }
}

function* declinedRows({ event, rows, declinedStates }: HandlerModel, { states }: MachineModel): Iterable<Diagnostic> {
  for (const { name, at } of rows.flatMap(({ namedStates }) => namedStates)) {
    if (!declinedStates.includes(name)) continue;
    const related = [{ at: states.get(name)?.at ?? at, message: `${name} is terminal` }];
    const message = `under lifecycle: once ${event.name} is declined in ${name}, so no row decides there`;
    yield diagnosticAt("RC104", at, message, { related });
  }
}

function* undecidedStates(
  { at, event, rows, declinedStates }: HandlerModel,
  { states }: MachineModel,
): Iterable<Diagnostic> {
  const covered = new Set([...declinedStates, ...rows.flatMap((row) => (row.when ? [] : row.decidableStates))]);
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

function* unreachableRows({ rows, declinedStates }: HandlerModel): Iterable<Diagnostic> {
  for (const [index, { at, decidableStates, namedStates }] of rows.entries()) {
    if (decidableStates.length > 0 || namedStates.some(({ unknown }) => unknown)) continue;
    if (namedStates.some(({ name }) => declinedStates.includes(name))) continue;
    const above = rows.slice(0, index).filter((each) => !each.when);
    const related = above
      .filter((each) => namedStates.some(({ name }) => name === "*" || each.decidableStates.includes(name)))
      .map((each) => ({ at: each.namedStates[0]?.at ?? each.at, message: "this row above takes it" }));
    const message = "this row never decides: the rows above leave nothing";
    yield diagnosticAt("RC104", namedStates[0]?.at ?? at, message, { related });
  }
}
