import type { Decision } from "../../core/decision.ts";
import { step } from "../../core/step.ts";
import { firstViolation, type RuleViolation } from "./step-rules.ts";
import type { ExplorationContext } from "./exploration-context.ts";
import { type PossibleMessage, possibleMessages } from "./possible-messages.ts";
import { hasOpenedAttempt, initialState, type SystemState, nextState } from "./system-state.ts";
import { stateFingerprint } from "./state-fingerprint.ts";

/** A state of the system that was reached, and how. The first way found to a state is a shortest one. */
export interface VisitedState {
  readonly state: SystemState;
  /** Index of the state before; -1 for the first. */
  readonly parent: number;
  readonly via?: PossibleMessage;
}

/** One state may follow on another; both by their index in `visited`. */
export interface Edge {
  readonly from: number;
  /** -1: not explored, because the state breaks a rule or lies beyond the limit. */
  readonly to: number;
  /** The step takes an outcome, a publish or a deadline, not a message from the bus. */
  readonly isInternal: boolean;
  /** Another attempt begins. */
  readonly opensAttempt: boolean;
}

interface FoundViolation {
  readonly violation: RuleViolation;
  /** The state before the step, and the message that the step takes. */
  readonly stateIndex: number;
  readonly via: PossibleMessage;
}

export interface ExplorationResult {
  readonly visited: readonly VisitedState[];
  readonly edges: readonly Edge[];
  /** Steps taken, those included that led to a state visited before. */
  readonly transitions: number;
  /** The nearest one for each place in the contracts. */
  readonly violations: readonly FoundViolation[];
  /** Moves that the machines made: `machine from trigger to`. */
  readonly movesMade: ReadonlySet<string>;
  /** False: the limit was reached, and there is more. */
  readonly complete: boolean;
}

/**
 * Visits every state that the system may come to, nearest first, at most `statesMax`. Nothing is explored behind a step
 * that breaks a rule.
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

  // The loop also visits what is added to the list while it runs.
  for (const [from, { state }] of visited.entries())
    for (const by of possibleMessages(context, state)) {
      transitions++;
      const decision = takeStep(context, state, by);
      for (const { machine, from: left, trigger, to } of decision.moves)
        moves.add(`${machine} ${left} ${trigger} ${to}`);
      const after = nextState(context, state, by.message, decision);
      const step = { before: state, message: by.message, decision, after };
      const finding = firstViolation(context, step);
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

/** Takes one step; what the functions returned in it is in the context's `calls`. */
export function takeStep(
  { domain, calls }: ExplorationContext,
  { entity }: SystemState,
  { message }: PossibleMessage,
): Decision {
  calls.length = 0;
  return step(domain, entity, message);
}
