import type { Decision } from "../../core/decision.ts";
import { step } from "../../core/step.ts";
import { firstViolation, type RuleViolation } from "./step-rules.ts";
import type { ExplorationContext } from "./exploration-context.ts";
import { type PossibleMessage, possibleMessages } from "./possible-messages.ts";
import { hasOpenedAttempt, initialState, type SystemState, nextState } from "./system-state.ts";
import { stateFingerprint } from "./state-fingerprint.ts";

/** A system that was reached, and by what from which other one: the first found is a nearest one. */
export interface VisitedState {
  readonly state: SystemState;
  /** The number of the system before; -1 for the first. */
  readonly parent: number;
  readonly via?: PossibleMessage;
}

/** That one system may follow on another, by their numbers. */
export interface Edge {
  readonly from: number;
  /** -1: out of what was explored, into a system that breaks a rule or lies behind the limit. */
  readonly to: number;
  readonly isInternal: boolean;
  /** Another attempt begins. */
  readonly opensAttempt: boolean;
}

interface FoundViolation {
  readonly violation: RuleViolation;
  /** The system in which it happens, and what happens. */
  readonly stateIndex: number;
  readonly via: PossibleMessage;
}

export interface ExplorationResult {
  readonly visited: readonly VisitedState[];
  readonly edges: readonly Edge[];
  /** Steps taken, those included that led to a system visited before. */
  readonly transitions: number;
  /** Of each place in the contracts the nearest break. */
  readonly violations: readonly FoundViolation[];
  /** Moves that the machines made: `machine from trigger to`. */
  readonly movesMade: ReadonlySet<string>;
  /** False: the limit came first, and there is more. */
  readonly complete: boolean;
}

/**
 * Visits every system that may come about, nearest first, at most so many. What follows on a broken rule is not asked.
 */
export function explore(context: ExplorationContext, statesMax: number): ExplorationResult {
  const first = initialState(context);
  const visited: VisitedState[] = [{ state: first, parent: -1 }];
  const indexByFingerprint = new Map([[stateFingerprint(first), 0]]);
  const edges: Edge[] = [];
  const violations = new Map<string, FoundViolation>();
  const moves = new Set<string>();
  let transitions = 0;
  let complete = true;

  const indexOf = (system: SystemState, parent: number, by: PossibleMessage): number => {
    const key = stateFingerprint(system);
    const known = indexByFingerprint.get(key);
    if (known !== undefined) return known;
    if (visited.length >= statesMax) {
      complete = false;
      return -1;
    }
    indexByFingerprint.set(key, visited.length);
    return visited.push({ state: system, parent, via: by }) - 1;
  };

  // The list grows while it is walked: what is added is walked too.
  for (const [from, { state }] of visited.entries())
    for (const by of possibleMessages(context, state)) {
      transitions++;
      const decision = takeStep(context, state, by);
      for (const { machine, from: left, trigger, to } of decision.moves)
        moves.add(`${machine} ${left} ${trigger} ${to}`);
      const after = nextState(context, state, by.message, decision);
      const finding = firstViolation(context, state, by.message, decision, after);
      if (finding) recordViolation(violations, { violation: finding, stateIndex: from, via: by });
      const to = finding ? -1 : after === state ? from : indexOf(after, from, by);
      const opens = hasOpenedAttempt(state, decision);
      if (to !== from || opens) edges.push({ from, to, isInternal: by.isInternal, opensAttempt: opens });
    }
  return { visited, edges, transitions, violations: [...violations.values()], movesMade: moves, complete };
}

function recordViolation(broken: Map<string, FoundViolation>, each: FoundViolation): void {
  const { source, path } = each.violation.at;
  const key = JSON.stringify([source.file, path]);
  if (!broken.has(key)) broken.set(key, each);
}

/** One step; what the functions returned in it is in the context's `calls`. */
export function takeStep(
  { domain, calls }: ExplorationContext,
  { entity }: SystemState,
  { message }: PossibleMessage,
): Decision {
  calls.length = 0;
  return step(domain, entity, message);
}
