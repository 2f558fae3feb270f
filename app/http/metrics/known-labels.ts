import type { Domain } from "../../../runtime/core/domain.ts";
import { DECODE_ERROR_CODES } from "../../../runtime/core/incoming-json.ts";

/** Label values that are known at the start. */
export const DEAD_LETTER_CODES = [...DECODE_ERROR_CODES, "CORE_ERROR"] as const;
export const INTENT_RESULTS = ["done", "retried", "failed", "superseded_intent"] as const;
export const CHANGE_RESULTS = ["in_force", "refused"] as const;
export const PARTS = ["bus", "store"] as const;

export const guardedStates = ({ orchestrator }: Domain): readonly string[] =>
  [...orchestrator.states.values()].flatMap(({ name, deadline }) => (deadline?.expiryGuard ? [name] : []));
