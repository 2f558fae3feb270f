import type { Decision } from "../../core/decision.ts";
import { step } from "../../core/step.ts";
import { firstViolation, type RuleViolation } from "./step-rules.ts";
import type { ExplorationContext } from "./exploration-context.ts";
import { type PossibleMessage, possibleMessages } from "./possible-messages.ts";
import { hasOpenedAttempt, initialState, type SystemState, nextState, stateFingerprint } from "./system-state.ts";

/** A step, by the state before it (its index in `visited`; -1: none) and the message that it takes. */
export interface StepTaken {
  readonly parent: number;
  readonly via?: PossibleMessage;
}

/** A state of the system that was reached, and how. The first way found to a state is a shortest one. */
interface VisitedState extends StepTaken {
  readonly state: SystemState;
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

/** A violation, and the step that shows it. */
export interface FoundViolation extends StepTaken {
  readonly violation: RuleViolation;
}

export type ExplorationResult = ReturnType<typeof explore>;

/**
 * Visits every state that the system may come to, nearest first, at most `statesMax`. Nothing is explored behind a step
 * that breaks a rule.
 */
export function explore(context: ExplorationContext, statesMax: number) {
  const first = initialState(context);
  const visited: VisitedState[] = [{ state: first, parent: -1 }];
  const indexByFingerprint = new Map([[stateFingerprint(first), 0]]);
  const edges: Edge[] = [];
  const violations = new Map<string, FoundViolation>();
  /** Moves that the machines made: `machine from trigger to`. */
  const movesMade = new Set<string>();
  /** Events that functions returned, and for what: `route event`. */
  const returned = new Set<string>();
  /** Steps taken, those included that led to a state visited before. */
  let transitions = 0;
  /** False: the limit was reached, and there is more. */
  let complete = true;

  const indexOf = (state: SystemState, parent: number, via: PossibleMessage): number => {
    const key = stateFingerprint(state);
    const known = indexByFingerprint.get(key);
    if (known !== undefined) return known;
    if (visited.length >= statesMax) {
      complete = false;
      return -1;
    }
    indexByFingerprint.set(key, visited.length);
    return visited.push({ state, parent, via }) - 1;
  };

  // The loop also visits what is added to the list while it runs.
  for (const [parent, { state }] of visited.entries())
    for (const via of possibleMessages(context, state)) {
      transitions++;
      const decision = takeStep(context, state, via);
      for (const { machine, from, trigger, to } of decision.moves) movesMade.add(`${machine} ${from} ${trigger} ${to}`);
      for (const { route, events } of context.calls) for (const { type } of events) returned.add(`${route} ${type}`);
      const after = nextState(context, state, via.message, decision);
      const violation = firstViolation(context, { before: state, message: via.message, decision, after });
      if (violation) {
        // The nearest one for each place in the contracts.
        const place = JSON.stringify([violation.at.source.file, violation.at.path]);
        if (!violations.has(place)) violations.set(place, { violation, parent, via });
      }
      const to = violation ? -1 : after === state ? parent : indexOf(after, parent, via);
      const opensAttempt = hasOpenedAttempt(state, decision);
      if (to !== parent || opensAttempt) edges.push({ from: parent, to, isInternal: via.isInternal, opensAttempt });
    }
  return { visited, edges, transitions, violations: [...violations.values()], movesMade, returned, complete };
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
