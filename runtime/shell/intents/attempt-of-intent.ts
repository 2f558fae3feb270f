import type { Domain } from "../../core/domain.ts";
import type { Entity } from "../../core/entity.ts";
import type { Intent } from "../../core/intent.ts";

/**
 * The attempt that asked for an intent: it runs, or is over. An intent that was asked for at its end outlives it, such
 * as one that undoes something. Unknown until a turn has looked.
 */
export type AttemptOfIntent = "unknown" | "runs" | "over" | "outlived";

/** That of a document is its life. */
export const isAttemptOver = (domain: Domain, { attemptId }: Intent, { attempt, state }: Entity): boolean =>
  attempt.id !== attemptId ||
  (domain.lifecycle !== "document" && domain.orchestrator.states.get(state ?? "")?.terminal === true);

/** @param entity the intent's, now */
export function attemptOfIntent(domain: Domain, intent: Intent, entity: Entity | undefined): AttemptOfIntent {
  if (!entity || !isAttemptOver(domain, intent, entity)) return "runs";
  // An entity in a terminal state has no events behind the one that led there. Of an earlier attempt it is not known
  // any more what was asked for at its end.
  return entity.attempt.id === intent.attemptId && intent.version < entity.seq ? "over" : "outlived";
}
