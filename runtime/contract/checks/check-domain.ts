import type { DomainCode } from "../../core/domain-code.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { ContractSet } from "../reading/contract-source.ts";
import { checkDeclared } from "./check-code-declarations.ts";
import { checkDemand, checkTriggers } from "./check-intent-flow.ts";
import { checkDuplicates } from "./check-duplicates.ts";
import { checkEnds } from "./check-compensation.ts";
import { checkEvents } from "./check-events.ts";
import { checkExpressions } from "./check-expressions.ts";
import { checkFit } from "./check-code-fit.ts";
import { checkMatrix } from "./check-matrix.ts";
import { checkPlaceholders } from "./check-placeholders.ts";
import { checkRaised } from "./check-raised-cycles.ts";
import { checkReachability, checkWaiting } from "./check-reachability.ts";
import { checkRoutes } from "./check-routes.ts";
import { checkSequences } from "./check-event-order.ts";
import { checkTransitions } from "./check-transitions.ts";
import { checkUnnamed } from "./check-unused-code.ts";
import { Names } from "../model/name-resolver.ts";
import { readDomain } from "../model/build-domain-model.ts";

/**
 * Checks a domain's contracts together, and against its code: RC101 to RC301 of contracts.md, all but RC206, which
 * explores. All problems are reported, in no order; one mistake is meant to be one problem, so a name
 * that is off is read as the one within reach by the checks that follow.
 */
export function checkDomain(set: ContractSet, code: DomainCode): Diagnostic[] {
  const names = new Names();
  const model = readDomain(set, code, names);
  const sequences = checkSequences(model);
  return [
    ...names.problems,
    ...checkUnnamed(model),
    ...checkFit(model),
    ...checkRoutes(model),
    ...checkEvents(model),
    ...checkMatrix(model),
    ...sequences.problems,
    ...checkTransitions(model, sequences.taken),
    ...checkPlaceholders(model),
    ...checkExpressions(model),
    ...checkDuplicates(model),
    ...checkDeclared(model),
    ...checkReachability(model),
    ...checkDemand(model),
    ...checkRaised(model),
    ...checkTriggers(model),
    ...checkEnds(model),
    ...checkWaiting(model),
  ];
}
