import type { DomainCode } from "../../core/domain-code.ts";
import { checkDomain } from "./check-domain.ts";
import type { ContractFile } from "../reading/contract-folder.ts";
import { buildContractSet } from "../reading/contract-set.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { sortedUniqueDiagnostics, type LoadResult, loadContractFolder, loadContractFiles } from "../reading/load.ts";
import type { ContractSet } from "../reading/contract-source.ts";

export interface ValidationResult {
  /** Undefined when there is an error: what is here can be compiled. */
  readonly set?: ContractSet;
  /** Everything that is wrong, and warnings, by file and line. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads and checks the contracts of a domain's folder, together and against the code that they name. */
export const validateDomain = (dir: string, code: DomainCode): ValidationResult =>
  checkLoaded(dir, loadContractFolder(dir), code);

/** The same of texts. @param label what a problem of the whole names as its file */
export const validateFiles = (label: string, files: readonly ContractFile[], code: DomainCode): ValidationResult =>
  checkLoaded(label, loadContractFiles(files), code);

function checkLoaded(
  dir: string,
  { contracts, diagnostics, unreadableFiles }: LoadResult,
  code: DomainCode,
): ValidationResult {
  // Half a domain would be told of all the names that the other half has.
  if (unreadableFiles.length > 0) return { diagnostics };
  const domain = buildContractSet(dir, contracts);
  const checked = domain.set ? checkDomain(domain.set, code) : [];
  const all = sortedUniqueDiagnostics([...diagnostics, ...domain.diagnostics, ...checked]);
  const hasNoErrors = domain.set && !all.some(({ severity }) => severity === "error");
  return { ...(hasNoErrors && domain.set ? { set: domain.set } : {}), diagnostics: all };
}
