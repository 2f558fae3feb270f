import { NO_ENTITY } from "../../core/domain.ts";
import { type Diagnostic, joinWithAnd, type TimelineStep } from "../diagnostics/diagnostic.ts";
import { compileDomain } from "../compile/compile-domain.ts";
import { buildDomainModel, type DomainModel } from "../model/domain-model.ts";
import { choicesOf } from "../model/events.ts";
import { unsetChoices, whereUnset } from "../reading/contract-set.ts";
import { sortedUniqueDiagnostics } from "../reading/load.ts";
import { diagnosticAt, sourceRef, type SourceRef } from "../reading/contract-source.ts";
import { createContext, type ExplorationContext } from "./exploration-context.ts";
import { type ExplorationResult, explore, type StepTaken, takeStep } from "./explore.ts";
import { progressViolations } from "./progress-rules.ts";
import type { RuleViolation } from "./step-rules.ts";
import { START_MS } from "./system-state.ts";

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
   * Transitions of the contracts that no step took, as `file:line from -> to on trigger`, and alternatives that no
   * function returned, as `file:line route: event`: nothing is known about them. None where states were left out.
   */
  readonly untaken: readonly string[];
}

/**
 * As `checkConfigured`, in each configuration that effects go by. Where something is not set, only what is found there
 * and not where all is set is reported.
 * @param model as `validateDomain` let it pass
 */
export function checkModel(model: DomainModel, statesMax = STATES_MAX): ModelCheckResult {
  const all = checkConfigured(model, statesMax);
  const known = new Set(all.diagnostics.map(textOf));
  const others = configurations(model).map((each) => ({ ...each, ...checkConfigured(each.partial, statesMax) }));
  const more = others.flatMap(({ unset, diagnostics }) =>
    diagnostics
      .filter((each) => !known.has(textOf(each)))
      .map((each) => ({ ...each, message: `where ${joinWithAnd(unset)} is not set: ${each.message}` })),
  );
  const sum = (key: "states" | "transitions"): number => others.reduce((total, each) => total + each[key], all[key]);
  return {
    diagnostics: sortedUniqueDiagnostics([...all.diagnostics, ...more]),
    ...{ states: sum("states"), transitions: sum("transitions"), untaken: all.untaken },
  };
}

const textOf = ({ file, line, message }: Diagnostic): string => `${file}:${line} ${message}`;

/** What is there where some of the variables are not set. */
const configurations = ({ set, code }: DomainModel) =>
  unsetChoices(set)
    .slice(1)
    .map((unset) => ({ unset, partial: buildDomainModel(whereUnset(set, unset), code) }));

/**
 * RC206: enumerates every course of a small system (one entity, the current attempt and the one before, each outcome,
 * publish and deadline, each message from outside in time, early, late, stale or never) by the contracts and the pure
 * functions that they name, and reports what goes wrong in it, each with the shortest way there. Nothing is run.
 * @param model as `validateDomain` let it pass
 */
function checkConfigured(model: DomainModel, statesMax: number): ModelCheckResult {
  const context = createContext(model, compileDomain(model, { env: "check", namespace: "" }));
  const unsampled = [...context.sources.values()].filter(({ samples }) => samples.length === 0);
  if (unsampled.length > 0) {
    const diagnostics = unsampled.map(({ type }) => diagnosticOf(missingSample(model, type)));
    return { diagnostics: sortedUniqueDiagnostics(diagnostics), states: 0, transitions: 0, untaken: [] };
  }
  const explored = explore(context, statesMax);
  const { visited, transitions, complete } = explored;
  const diagnostics = [
    ...[...explored.violations, ...progressViolations(context, explored)].map(({ violation, ...last }) => ({
      ...diagnosticOf(violation),
      timeline: timelineTo(context, explored, last),
    })),
    ...(complete ? [] : [diagnosticOf(limitReached(model, statesMax))]),
  ];
  return {
    diagnostics: sortedUniqueDiagnostics(diagnostics),
    states: visited.length,
    transitions,
    untaken: complete ? [...untakenTransitions(context, explored), ...unreturnedChoices(context, explored)] : [],
  };
}

const diagnosticOf = ({ at, message, remedy, related }: RuleViolation): Diagnostic =>
  diagnosticAt("RC206", at, message, { related, remedy });

const missingSample = ({ consumed, startedBy }: DomainModel, type: string): RuleViolation => ({
  at: consumed.find(({ name }) => name === type)?.at ?? startedBy.at,
  message: `no payload of ${type} could be made that its schema takes, so nothing was explored`,
  remedy: "give the fields of its schema examples: .meta({ examples: [...] })",
});

const limitReached = ({ set: { orchestrator } }: DomainModel, statesMax: number): RuleViolation => ({
  at: sourceRef(orchestrator, "name"),
  message: `more than ${statesMax} states: the rest was not explored`,
  remedy: "keep ever-growing data out of the reducer's state, give fields fewer examples, or raise --states",
});

/** The messages on the way from the first state to a step, its own the last. */
function timelineTo(
  context: ExplorationContext,
  explored: ExplorationResult,
  { parent, via }: StepTaken,
): TimelineStep[] {
  const before = explored.visited[parent];
  if (!before || !via) return [];
  const { message, label } = via;
  const { entity, events, intents, reason } = takeStep(context, before.state, via);
  const last = {
    atMs: message.now - START_MS,
    message: label === "" ? message.type : `${message.type}, ${label}`,
    orchestrator: entity?.state ?? NO_ENTITY,
    reducer: entity?.reducerState ?? context.domain.reducer.initial,
    events: events.map(({ type }) => type),
    intents: intents.map(({ type }) => type),
    reason,
  };
  return [...timelineTo(context, explored, before), last];
}

function untakenTransitions({ model }: ExplorationContext, { movesMade }: ExplorationResult): readonly string[] {
  const untaken = (["orchestrator", "reducer"] as const).flatMap((machine) =>
    model[machine].transitions
      .filter(({ from, trigger, to }) => !movesMade.has(`${machine} ${from.name} ${trigger.name} ${to.name}`))
      .map(({ from, trigger, to, at }) => {
        return `${lineOf(at)} ${from.name} -> ${to.name} on ${trigger.name}`;
      }),
  );
  return [...new Set(untaken)];
}

function unreturnedChoices({ model }: ExplorationContext, { returned }: ExplorationResult): readonly string[] {
  const left = model.handlers.flatMap(({ event: { name: route }, rows }) =>
    rows
      .flatMap(({ outputs }) => choicesOf(outputs).flat())
      .filter(({ name }) => !returned.has(`${route} ${name}`))
      .map(({ name, at }) => `${lineOf(at)} ${route}: ${name}`),
  );
  return [...new Set(left)];
}

function lineOf(at: SourceRef): string {
  const { file, line } = at.source.spanAt(at.path);
  return `${file}:${line}`;
}
