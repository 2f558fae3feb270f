import { done, type Outcome, failed } from "../../runtime/core/effect.ts";
import { Fault } from "../../runtime/core/fault.ts";
import { backendUnavailable } from "./faults.ts";
import type { WriteResult } from "./service-registry.ts";

export function toOutcome(result: WriteResult | undefined, success: Outcome = done()): Outcome {
  if (result === undefined)
    return failed(backendUnavailable("the service registry returned no result for this intent"));
  return result instanceof Fault ? failed(result) : success;
}
