import { NO_ENTITY } from "../../core/domain.ts";
import type { TimelineStep } from "../diagnostics/diagnostic.ts";
import { decide, type Visited } from "./explore.ts";
import type { Setting } from "./exploration-context.ts";
import type { Stimulus } from "./possible-messages.ts";
import { newWorld, START_MS, worldAfter } from "./system-state.ts";

/** What happened on the way to a world, and what after it. */
export function timelineTo(
  setting: Setting,
  visited: readonly Visited[],
  number: number,
  last?: Stimulus,
): readonly TimelineStep[] {
  const way: Stimulus[] = last ? [last] : [];
  for (let at = visited[number]; at?.by; at = visited[at.parent]) way.unshift(at.by);
  let world = newWorld(setting);
  return way.map((by) => {
    const decision = decide(setting, world, by);
    world = worldAfter(setting, world, by.message, decision);
    const { entity } = world;
    return {
      atMs: by.message.now - START_MS,
      message: by.label === "" ? by.message.type : `${by.message.type}, ${by.label}`,
      orchestrator: entity?.state ?? NO_ENTITY,
      reducer: entity?.reducerState ?? setting.domain.reducer.initial,
      events: decision.events.map(({ type }) => type),
      intents: decision.intents.map(({ type }) => type),
      reason: decision.reason,
    };
  });
}
