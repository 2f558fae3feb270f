import { NO_ENTITY } from "../../core/domain.ts";
import type { TimelineStep } from "../diagnostics/diagnostic.ts";
import { takeStep, type VisitedState } from "./explore.ts";
import type { ExplorationContext } from "./exploration-context.ts";
import type { PossibleMessage } from "./possible-messages.ts";
import { initialState, START_MS, nextState } from "./system-state.ts";

/** The messages on the way to a state of the system, and one more after it. */
export function timelineTo(
  context: ExplorationContext,
  visited: readonly VisitedState[],
  stateIndex: number,
  last?: PossibleMessage,
): TimelineStep[] {
  const way: PossibleMessage[] = last ? [last] : [];
  for (let at = visited[stateIndex]; at?.via; at = visited[at.parent]) way.unshift(at.via);
  let system = initialState(context);
  return way.map((by) => {
    const decision = takeStep(context, system, by);
    system = nextState(context, system, by.message, decision);
    const { entity } = system;
    return {
      atMs: by.message.now - START_MS,
      message: by.label === "" ? by.message.type : `${by.message.type}, ${by.label}`,
      orchestrator: entity?.state ?? NO_ENTITY,
      reducer: entity?.reducerState ?? context.domain.reducer.initial,
      events: decision.events.map(({ type }) => type),
      intents: decision.intents.map(({ type }) => type),
      reason: decision.reason,
    };
  });
}
