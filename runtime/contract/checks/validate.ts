import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../diagnostics/did-you-mean.ts";
import { checkCodeDeclarations, checkCodeFit, checkDuplicates, checkUnusedCode } from "./check-names.ts";
import { checkCopies } from "./check-copies.ts";
import { checkCompensation } from "./check-compensation.ts";
import { checkConfiguration } from "./check-configuration.ts";
import { checkDirectory } from "./check-directory.ts";
import { checkLifecycle } from "./check-lifecycle.ts";
import { checkGateways } from "./check-gateways.ts";
import { checkRefusals } from "./check-refusals.ts";
import { checkRenewals } from "./check-renewals.ts";
import { checkProjections } from "./check-projections.ts";
import { checkReservedNames } from "./check-reserved.ts";
import { checkTransitions } from "./check-transitions.ts";
import { checkEvents, checkIntentFlow, checkTriggers, checkRaisedCycles, checkRoutes } from "./check-flow.ts";
import { checkExpressions, checkPlaceholders } from "./check-fields.ts";
import { checkMatrix, checkReachability, checkUnboundedWaits } from "./check-states.ts";
import type { DomainCode } from "../../core/domain.ts";
import { buildDomainModel, type DomainModel } from "../model/domain-model.ts";
import type { ContractFile } from "../reading/contract-folder.ts";
import { buildContractSet } from "../reading/contract-set.ts";
import { type ContractSet, diagnosticAt, sourceRef } from "../reading/contract-source.ts";
import { loadContractFiles, loadContractFolder, type LoadResult, sortedUniqueDiagnostics } from "../reading/load.ts";

/** Each reports its problems in no order. */
const CHECKS: readonly ((model: DomainModel) => Iterable<Diagnostic>)[] = [
  ...[checkUnusedCode, checkCodeFit, checkRoutes, checkEvents, checkMatrix, checkPlaceholders, checkExpressions],
  ...[checkDuplicates, checkCodeDeclarations, checkReachability, checkIntentFlow, checkRaisedCycles, checkTriggers],
  ...[checkCompensation, checkUnboundedWaits, checkTransitions, checkCopies, checkLifecycle],
  ...[checkRenewals, checkReservedNames, checkRefusals, checkGateways, checkProjections, checkConfiguration],
  checkDirectory,
];

/**
 * Checks a domain's contracts together, and against its code: RC101 to RC301 of the reference, all but RC206, which
 * explores. All problems are reported, in no order; one mistake is meant to be one problem, so a name that is off is
 * read as the one within reach by the checks that follow.
 */
export const checkDomain = (model: DomainModel): Diagnostic[] => [
  ...model.problems,
  ...CHECKS.flatMap((check) => [...check(model)]),
];

export interface ValidationResult {
  /** Undefined when there is an error: what is here can be compiled. */
  readonly model?: DomainModel;
  /** Everything that is wrong, and warnings, by file and line. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads and checks the contracts of a domain's folder, together and against the code that they name.
 * @param codes of the domains that are known: one of them, or none, is the folder's
 */
export const validateDomain = (dir: string, ...codes: readonly DomainCode[]): ValidationResult =>
  checkLoaded(dir, loadContractFolder(dir), codes);

/** The same of texts. @param label what a problem of the whole names as its file */
export const validateFiles = (
  label: string,
  files: readonly ContractFile[],
  ...codes: readonly DomainCode[]
): ValidationResult => checkLoaded(label, loadContractFiles(files), codes);

function checkLoaded(
  dir: string,
  { contracts, diagnostics, unreadableFiles }: LoadResult,
  codes: readonly DomainCode[],
): ValidationResult {
  // Half a domain would be reported for all the names that the other half has.
  if (unreadableFiles.length > 0) return { diagnostics };
  const domain = buildContractSet(dir, contracts);
  const code = codes.find((each) => each.domain === domain.set?.domain);
  const model = domain.set && code && buildDomainModel(domain.set, code);
  const checked = model ? checkDomain(model) : domain.set ? [unknownDomain(domain.set, codes)] : [];
  const all = sortedUniqueDiagnostics([...diagnostics, ...domain.diagnostics, ...checked]);
  const hasErrors = all.some(({ severity }) => severity === "error");
  return { ...(model && !hasErrors && { model }), diagnostics: all };
}

/** Without the domain's code every name in its contracts would be reported. */
function unknownDomain({ domain, orchestrator }: ContractSet, codes: readonly DomainCode[]): Diagnostic {
  const known = codes.map((code) => code.domain);
  const message = `no module has the domain ${domain}: known are ${known.join(", ")}; --module FILE names another one`;
  return diagnosticAt("RC101", sourceRef(orchestrator, "domain"), message, { suggestion: didYouMean(domain, known) });
}
