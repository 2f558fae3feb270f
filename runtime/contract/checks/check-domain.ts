import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { DomainModel } from "../model/domain-model.ts";
import { checkCodeDeclarations } from "./check-code-declarations.ts";
import { checkCodeFit } from "./check-code-fit.ts";
import { checkCompensation } from "./check-compensation.ts";
import { checkDuplicates } from "./check-duplicates.ts";
import { checkEventOrder } from "./check-event-order.ts";
import { checkEvents } from "./check-events.ts";
import { checkExpressions } from "./check-expressions.ts";
import { checkIntentFlow, checkTriggers } from "./check-intent-flow.ts";
import { checkMatrix } from "./check-matrix.ts";
import { checkPlaceholders } from "./check-placeholders.ts";
import { checkRaisedCycles } from "./check-raised-cycles.ts";
import { checkReachability, checkUnboundedWaits } from "./check-reachability.ts";
import { checkRoutes } from "./check-routes.ts";
import { checkTransitions } from "./check-transitions.ts";
import { checkUnusedCode } from "./check-unused-code.ts";

/** Each reports its problems in no order. */
const CHECKS: readonly ((model: DomainModel) => Iterable<Diagnostic>)[] = [
  ...[checkUnusedCode, checkCodeFit, checkRoutes, checkEvents, checkMatrix, checkPlaceholders, checkExpressions],
  ...[checkDuplicates, checkCodeDeclarations, checkReachability, checkIntentFlow, checkRaisedCycles, checkTriggers],
  ...[checkCompensation, checkUnboundedWaits],
];

/**
 * Checks a domain's contracts together, and against its code: RC101 to RC301 of the reference, all but RC206, which
 * explores. All problems are reported, in no order; one mistake is meant to be one problem, so a name that is off is
 * read as the one within reach by the checks that follow.
 */
export function checkDomain(model: DomainModel): Diagnostic[] {
  const order = checkEventOrder(model);
  return [
    ...model.problems,
    ...CHECKS.flatMap((check) => [...check(model)]),
    ...order.problems,
    ...checkTransitions(model, order.returnable),
  ];
}
