import type { DomainCode } from "../../core/domain-code.ts";
import type { DomainModel, MachineModel } from "../model/domain-model.ts";
import { NameResolver } from "../model/name-resolver.ts";
import { buildDomainModel } from "../model/build-domain-model.ts";
import { diagnosticAt, sourceRef } from "../reading/source-ref.ts";
import { compileDomain } from "../compile/compile-domain.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { sortedUniqueDiagnostics } from "../reading/load.ts";
import type { ContractSet } from "../reading/contract-source.ts";
import { type ExplorationResult, explore } from "./explore.ts";
import type { RuleViolation } from "./step-rules.ts";
import { type ExplorationContext, createContext } from "./exploration-context.ts";
import type { PossibleMessage } from "./possible-messages.ts";
import { timelineTo } from "./timeline.ts";
import { progressViolations } from "./progress-rules.ts";

/** A small world has thousands of states. One that has more than this is told so, never passed. */
export const STATES_MAX = 100_000;

export interface ModelCheckResult {
  /** RC206, by file and line. */
  readonly diagnostics: readonly Diagnostic[];
  /** Worlds that differ in what may happen next. */
  readonly states: number;
  /** Steps taken from them. */
  readonly transitions: number;
  /**
   * Transitions of the contracts that no step took, as `file:line from -> to on trigger`: nothing is said about them.
   * None where states were left out.
   */
  readonly untaken: readonly string[];
}

/**
 * RC206: enumerates every course of a small world (one entity, the current attempt and the one before, each outcome,
 * publish and deadline, each message from outside in time, early, late, stale or never) by the contracts and the pure
 * functions that they name, and says what goes wrong in it, each with the shortest way there. Nothing is run.
 * @param set as `validateDomain` let it pass
 */
export function checkModel(set: ContractSet, code: DomainCode, statesMax = STATES_MAX): ModelCheckResult {
  const model = buildDomainModel(set, code, new NameResolver());
  const setting = createContext(model, compileDomain(set, code, { env: "check", namespace: "" }));
  if ("unsampled" in setting)
    return {
      diagnostics: sortedUniqueDiagnostics(setting.unsampled.map((type) => noSampleDiagnostic(model, type))),
      states: 0,
      transitions: 0,
      untaken: [],
    };
  const explored = explore(setting, statesMax);
  const toDiagnostic = (finding: RuleViolation, number: number, last?: PossibleMessage): Diagnostic => ({
    ...diagnosticAt("RC206", finding.at, finding.message, { related: finding.related ?? [] }),
    remedy: finding.remedy,
    timeline: timelineTo(setting, explored.visited, number, last),
  });
  const diagnostics = [
    ...explored.violations.map(({ violation, stateIndex, via }) => toDiagnostic(violation, stateIndex, via)),
    ...progressViolations(setting, explored).map(({ violation, stateIndex }) => toDiagnostic(violation, stateIndex)),
    ...(explored.complete ? [] : [limitDiagnostic(model, statesMax)]),
  ];
  return {
    diagnostics: sortedUniqueDiagnostics(diagnostics),
    states: explored.visited.length,
    transitions: explored.transitions,
    untaken: explored.complete ? untakenTransitions(setting, explored) : [],
  };
}

function noSampleDiagnostic({ consumed, startedBy }: DomainModel, type: string): Diagnostic {
  const at = consumed.find(({ name }) => name === type)?.at ?? startedBy.at;
  const message = `no payload of ${type} could be made that its schema takes, so nothing was explored`;
  return {
    ...diagnosticAt("RC206", at, message),
    remedy: "give the fields of its schema examples: .meta({ examples: [...] })",
  };
}

function limitDiagnostic({ set: { orchestrator } }: DomainModel, statesMax: number): Diagnostic {
  const message = `more than ${statesMax} states: the rest was not explored`;
  const remedy = "keep ever-growing data out of the reducer's state, give fields fewer examples, or raise --states";
  return { ...diagnosticAt("RC206", sourceRef(orchestrator, "name"), message), remedy };
}

function untakenTransitions({ model }: ExplorationContext, { movesMade }: ExplorationResult): readonly string[] {
  const of = (machine: string, { transitions }: MachineModel) =>
    transitions
      .filter(({ from, trigger, to }) => !movesMade.has(`${machine} ${from.name} ${trigger.name} ${to.name}`))
      .map(({ from, trigger, to, at }) => {
        const { file, line } = at.source.spanAt(at.path);
        return `${file}:${line} ${from.name} -> ${to.name} on ${trigger.name}`;
      });
  return [...new Set([...of("orchestrator", model.orchestrator), ...of("reducer", model.reducer)])];
}
