import { NO_ENTITY } from "../../core/domain.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { DomainModel, MachineModel } from "../model/domain-model.ts";
import { joinWithAnd, diagnosticAt } from "../reading/source-ref.ts";
import { messageOrigin, type MessageOrigin } from "../model/message-origin.ts";

/** RC201: a state that can't be reached; one that can't be left and is not terminal. */
export function checkReachability({ orchestrator, reducer }: DomainModel): readonly Diagnostic[] {
  const machines = [orchestrator, reducer].filter(({ initial, states }) => states.has(initial));
  return machines.flatMap((machine) => [...unreachableStates(machine), ...deadEnds(machine)]);
}

/** The states that transitions lead to, from one on, whatever their conditions. */
export function reachableFrom({ transitions }: MachineModel, start: string): ReadonlySet<string> {
  const reached = new Set([start]);
  // A set may grow while it is walked: what is added is walked too.
  for (const state of reached)
    for (const { from, to } of transitions) if (from.name === state && !to.unknown) reached.add(to.name);
  return reached;
}

function unreachableStates(machine: MachineModel): readonly Diagnostic[] {
  const reached = reachableFrom(machine, machine.initial);
  const left = [...machine.states.values()].filter(({ name }) => !reached.has(name));
  // With nothing to begin with there is one mistake, not one for each state.
  if (reached.size === 1 && left.length > 0) {
    const message = `no transition leaves ${stateLabel(machine.initial)}, so no other state can be reached`;
    return [diagnosticAt("RC201", machine.initialAt, message)];
  }
  // Nor is there one for each state that only an unreachable state leads to.
  const entered = (name: string) => machine.transitions.some(({ from, to }) => to.name === name && from.name !== name);
  const explained = new Set<string>();
  return [...left.filter(({ name }) => !entered(name)), ...left].flatMap(({ name, at }) => {
    if (explained.has(name)) return [];
    const cut = [...reachableFrom(machine, name)].filter((state) => !reached.has(state) && !explained.has(state));
    for (const state of cut) explained.add(state);
    const others = cut.filter((state) => state !== name);
    const more = others.length > 0 ? `, and so neither can ${joinWithAnd(others)}` : "";
    return [diagnosticAt("RC201", at, `${name} can't be reached from ${stateLabel(machine.initial)}${more}`)];
  });
}

function deadEnds(machine: MachineModel): readonly Diagnostic[] {
  const reached = reachableFrom(machine, machine.initial);
  const left = new Set(
    machine.transitions.filter(({ from, to }) => from.name !== to.name).map(({ from }) => from.name),
  );
  return [...machine.states.values()]
    .filter(({ name, terminal }) => !terminal && !left.has(name) && reached.has(name) && name !== machine.initial)
    .map(({ name, at }) => diagnosticAt("RC201", at, `${name} can't be left, and is not terminal`));
}

const RUNTIME_ORIGINS: readonly (MessageOrigin | undefined)[] = ["raised", "failed", "published", "outcome"];

/** RC301: without a deadline, a state that only something outside ends may last for ever. */
export function checkUnboundedWaits(model: DomainModel): readonly Diagnostic[] {
  const { orchestrator, handlers } = model;
  const endedByRuntime = new Set<string>();
  for (const { event, rows } of handlers)
    if (RUNTIME_ORIGINS.includes(messageOrigin(model, event)))
      for (const row of rows)
        for (const state of row.decidableStates)
          for (const output of row.outputs) endedByRuntime.add(`${state} ${output.name}`);
  const outcomes = new Set(model.effects.flatMap(({ outputs }) => outputs.map(({ name }) => name)));
  const ends = (state: string) =>
    orchestrator.transitions.some(
      ({ from, to, trigger }) =>
        from.name === state &&
        to.name !== state &&
        (endedByRuntime.has(`${state} ${trigger.name}`) ||
          /^(published|failed)\(/.test(trigger.name) ||
          outcomes.has(trigger.name)),
    );
  return [...orchestrator.states.values()]
    .filter(
      ({ name, terminal, transient, deadline }) =>
        name !== NO_ENTITY && !terminal && !transient && !deadline && !ends(name),
    )
    .filter(({ name }) => orchestrator.transitions.some(({ from, to }) => from.name === name && to.name !== name))
    .map(({ name, at }) =>
      diagnosticAt("RC301", at, `${name} waits for something outside and has no deadline: it may wait forever`, {
        severity: "warning",
      }),
    );
}

const stateLabel = (state: string): string => (state === NO_ENTITY ? "null" : state);
