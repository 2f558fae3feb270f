import { attemptRefOf } from "../../core/entity.ts";
import type { EventBus } from "../../ports/event-bus.ts";
import type { DeadlineIndex } from "../deadlines/deadline-index.ts";
import type { TurnPlan } from "./turn-plan.ts";

/** What a durable turn changes in memory: how far partitions have got, entities, and their deadlines. */
export function applyCommitted(bus: EventBus, deadlines: DeadlineIndex, { cursors, entities, logs }: TurnPlan): void {
  const hint = new Map<string, Map<number, number>>();
  for (const { partition, positions, ...changed } of cursors.values()) {
    partition.advance(changed);
    for (const [topic, offset] of positions) {
      partition.positions.set(topic, offset);
      hint.set(topic, (hint.get(topic) ?? new Map<number, number>()).set(partition.number, offset));
    }
  }
  logs?.keep();
  if (hint.size > 0) bus.commitPositionsHint(hint);
  for (const { partition, before, after } of entities.values()) {
    const { entity } = after;
    partition.keepEntity(after);
    if (before?.entity.deadlines === entity.deadlines || partition.isLost) continue;
    const owner = { partition, ...attemptRefOf(entity.id, entity.attempt) };
    deadlines.set(owner, before?.entity.deadlines ?? {}, entity.deadlines);
  }
}
