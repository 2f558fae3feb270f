import type { Domain } from "../../core/domain.ts";
import type { NotYet } from "../../stored/intents.ts";
import type { TurnPlan } from "../turns/turn-plan.ts";
import { isAttemptOver } from "./attempt-of-intent.ts";
import type { RunningIntent } from "./running-intent.ts";

/** The unfinished intents whose effects have answered "not yet", by entity. */
export class AskedAgain {
  readonly #byEntity = new Map<string, Set<RunningIntent>>();

  get count(): number {
    let count = 0;
    for (const all of this.#byEntity.values()) for (const { notYet } of all) if (notYet) count++;
    return count;
  }

  add(running: RunningIntent): void {
    const { entityId } = running.intent;
    const all = this.#byEntity.get(entityId) ?? new Set();
    this.#byEntity.set(entityId, all.add(running));
  }

  delete(running: RunningIntent): void {
    const { entityId } = running.intent;
    const all = this.#byEntity.get(entityId);
    if (all?.delete(running) && all.size === 0) this.#byEntity.delete(entityId);
  }

  /** Those of which the attempt has ended with a turn, unless they were asked for at its end. */
  withEndedAttempt(domain: Domain, entities: TurnPlan["entities"]): readonly RunningIntent[] {
    if (this.#byEntity.size === 0) return [];
    const ended: RunningIntent[] = [];
    for (const [entityId, { after }] of entities)
      for (const running of this.#byEntity.get(entityId) ?? []) {
        const isBound = running.notYet !== undefined && running.attempt === "runs";
        if (isBound && isAttemptOver(domain, running.intent, after.entity)) ended.push(running);
      }
    return ended;
  }

  /** What an entity's intents wait for, by intent id. */
  answersOf(entityId: string): ReadonlyMap<string, NotYet> {
    const all = [...(this.#byEntity.get(entityId) ?? [])];
    return new Map(all.flatMap(({ intent, notYet }) => (notYet ? [[intent.id, notYet] as const] : [])));
  }

  dropLost(): void {
    for (const all of this.#byEntity.values())
      for (const running of all) if (running.partition.isLost) this.delete(running);
  }
}
