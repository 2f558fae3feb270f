import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { compileDomain } from "../compile/compile-domain.ts";
import type { DomainModel, MachineModel } from "../model/domain-model.ts";
import { sortedUniqueDiagnostics } from "../reading/load.ts";
import { diagnosticAt, type SourceRef, sourceRef } from "../reading/contract-source.ts";
import { createContext, type ExplorationContext } from "./exploration-context.ts";
import { type ExplorationResult, explore } from "./explore.ts";
import type { PossibleMessage } from "./possible-messages.ts";
import { progressViolations } from "./progress-rules.ts";
import type { RuleViolation } from "./step-rules.ts";
import { timelineTo } from "./timeline.ts";

/** A small domain has thousands of states. One that has more than this is reported, never passed. */
export const STATES_MAX = 100_000;

export interface ModelCheckResult {
  /** RC206, by file and line. */
  readonly diagnostics: readonly Diagnostic[];
  /** States of the system that differ in what may happen next. */
  readonly states: number;
  /** Steps taken from them. */
  readonly transitions: number;
  /**
   * Transitions of the contracts that no step took, as `file:line from -> to on trigger`: nothing is known about them.
   * None where states were left out.
   */
  readonly untaken: readonly string[];
}

/**
 * RC206: enumerates every course of a small system (one entity, the current attempt and the one before, each outcome,
 * publish and deadline, each message from outside in time, early, late, stale or never) by the contracts and the pure
 * functions that they name, and reports what goes wrong in it, each with the shortest way there. Nothing is run.
 * @param model as `validateDomain` let it pass
 */
export function checkModel(model: DomainModel, statesMax = STATES_MAX): ModelCheckResult {
  const context = createContext(model, compileDomain(model, { env: "check", namespace: "" }));
  if ("unsampled" in context) {
    const diagnostics = sortedUniqueDiagnostics(context.unsampled.map((type) => noSampleDiagnostic(model, type)));
    return { diagnostics, states: 0, transitions: 0, untaken: [] };
  }
  const explored = explore(context, statesMax);
  const toDiagnostic = (
    { at, message, remedy, related }: RuleViolation,
    stateIndex: number,
    last?: PossibleMessage,
  ): Diagnostic => ({
    ...explorationDiagnostic(at, message, remedy, related),
    timeline: timelineTo(context, explored.visited, stateIndex, last),
  });
  const diagnostics = [
    ...explored.violations.map(({ violation, stateIndex, via }) => toDiagnostic(violation, stateIndex, via)),
    ...progressViolations(context, explored).map(({ violation, stateIndex }) => toDiagnostic(violation, stateIndex)),
    ...(explored.complete ? [] : [limitDiagnostic(model, statesMax)]),
  ];
  return {
    diagnostics: sortedUniqueDiagnostics(diagnostics),
    states: explored.visited.length,
    transitions: explored.transitions,
    untaken: explored.complete ? untakenTransitions(context, explored) : [],
  };
}

const explorationDiagnostic = (
  at: SourceRef,
  message: string,
  remedy: string,
  related?: RuleViolation["related"],
): Diagnostic => ({ ...diagnosticAt("RC206", at, message, { related }), remedy });

function noSampleDiagnostic({ consumed, startedBy }: DomainModel, type: string): Diagnostic {
  const at = consumed.find(({ name }) => name === type)?.at ?? startedBy.at;
  const message = `no payload of ${type} could be made that its schema takes, so nothing was explored`;
  return explorationDiagnostic(at, message, "give the fields of its schema examples: .meta({ examples: [...] })");
}

function limitDiagnostic({ set: { orchestrator } }: DomainModel, statesMax: number): Diagnostic {
  const message = `more than ${statesMax} states: the rest was not explored`;
  const remedy = "keep ever-growing data out of the reducer's state, give fields fewer examples, or raise --states";
  return explorationDiagnostic(sourceRef(orchestrator, "name"), message, remedy);
}

function untakenTransitions({ model }: ExplorationContext, { movesMade }: ExplorationResult): readonly string[] {
  const untakenOf = (machine: string, { transitions }: MachineModel) =>
    transitions
      .filter(({ from, trigger, to }) => !movesMade.has(`${machine} ${from.name} ${trigger.name} ${to.name}`))
      .map(({ from, trigger, to, at }) => {
        const { file, line } = at.source.spanAt(at.path);
        return `${file}:${line} ${from.name} -> ${to.name} on ${trigger.name}`;
      });
  return [...new Set([...untakenOf("orchestrator", model.orchestrator), ...untakenOf("reducer", model.reducer)])];
}
