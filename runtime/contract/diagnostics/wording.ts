import { NO_ENTITY } from "../../core/domain.ts";

/** `A`, `A and B`, `A, B and C`. */
export const joinWithAnd = (names: readonly string[]): string =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`;

/** A state as contracts write it: the orchestrator's state before there is an entity is `null`. */
export const stateLabel = (state: string): string => (state === NO_ENTITY ? "null" : state);
