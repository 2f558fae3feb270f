import { done, type Outcome, refused } from "../../runtime/core/effect.ts";
import { Fault } from "../../runtime/core/fault.ts";
import { unavailable } from "./faults.ts";
import type { Ending } from "./service-registry.ts";

export function outcomeOf(ending: Ending | undefined, success: Outcome = done()): Outcome {
  if (ending === undefined) return refused(unavailable("the registry gave no answer for this intent"));
  return ending instanceof Fault ? refused(ending) : success;
}
