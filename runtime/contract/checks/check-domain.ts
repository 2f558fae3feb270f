import type { DomainCode } from "../../core/domain-code.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { ContractSet } from "../reading/contract-source.ts";
import { checkCodeDeclarations } from "./check-code-declarations.ts";
import { checkIntentFlow, checkTriggers } from "./check-intent-flow.ts";
import { checkDuplicates } from "./check-duplicates.ts";
import { checkCompensation } from "./check-compensation.ts";
import { checkEvents } from "./check-events.ts";
import { checkExpressions } from "./check-expressions.ts";
import { checkCodeFit } from "./check-code-fit.ts";
import { checkMatrix } from "./check-matrix.ts";
import { checkPlaceholders } from "./check-placeholders.ts";
import { checkRaisedCycles } from "./check-raised-cycles.ts";
import { checkReachability, checkUnboundedWaits } from "./check-reachability.ts";
import { checkRoutes } from "./check-routes.ts";
import { checkEventOrder } from "./check-event-order.ts";
import { checkTransitions } from "./check-transitions.ts";
import { checkUnusedCode } from "./check-unused-code.ts";
import { NameResolver } from "../model/name-resolver.ts";
import { buildDomainModel } from "../model/build-domain-model.ts";

/**
 * Checks a domain's contracts together, and against its code: RC101 to RC301 of contracts.md, all but RC206, which
 * explores. All problems are reported, in no order; one mistake is meant to be one problem, so a name
 * that is off is read as the one within reach by the checks that follow.
 */
export function checkDomain(set: ContractSet, code: DomainCode): Diagnostic[] {
  const names = new NameResolver();
  const model = buildDomainModel(set, code, names);
  const sequences = checkEventOrder(model);
  return [
    ...names.problems,
    ...checkUnusedCode(model),
    ...checkCodeFit(model),
    ...checkRoutes(model),
    ...checkEvents(model),
    ...checkMatrix(model),
    ...sequences.problems,
    ...checkTransitions(model, sequences.returnable),
    ...checkPlaceholders(model),
    ...checkExpressions(model),
    ...checkDuplicates(model),
    ...checkCodeDeclarations(model),
    ...checkReachability(model),
    ...checkIntentFlow(model),
    ...checkRaisedCycles(model),
    ...checkTriggers(model),
    ...checkCompensation(model),
    ...checkUnboundedWaits(model),
  ];
}
