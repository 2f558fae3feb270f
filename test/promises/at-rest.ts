import type { EntityHistory, Say } from "./entity-history.ts";
import type { AtRest } from "./history.ts";
import type { Report } from "./promises.ts";

/**
 * G10: entities agree with their events. G2: each attempt has come to an end.
 * @param judge what the domain's backends must have of an entity
 */
export function judgeAtRest<History extends EntityHistory>(
  histories: ReadonlyMap<string, History>,
  found: AtRest,
  report: Report,
  judge: (entity: History, say: Say) => void,
): void {
  for (const entity of histories.values()) {
    const say: Say = (promise, what) => report(promise, `${entity.id} (${entity.state} by its events): ${what}`);
    if (entity.isUnderWay) say("G2", "its attempt has not come to an end");
    const now = found.entities.get(entity.id);
    if (now?.state !== entity.state) say("G10", `it is said to be in ${String(now?.state)}`);
    if (now && now.seq !== entity.seq)
      say("G10", `it is said to be at entity_seq ${now.seq}, the log at ${entity.seq}`);
    judge(entity, say);
  }
}
