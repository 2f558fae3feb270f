import type { DomainCode } from "../../core/domain.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { buildDomainModel } from "../model/build-domain-model.ts";
import type { DomainModel } from "../model/domain-model.ts";
import type { ContractFile } from "../reading/contract-folder.ts";
import { buildContractSet } from "../reading/contract-set.ts";
import { loadContractFiles, loadContractFolder, type LoadResult, sortedUniqueDiagnostics } from "../reading/load.ts";
import { checkDomain } from "./check-domain.ts";

export interface ValidationResult {
  /** Undefined when there is an error: what is here can be compiled. */
  readonly model?: DomainModel;
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
  // Half a domain would be reported for all the names that the other half has.
  if (unreadableFiles.length > 0) return { diagnostics };
  const domain = buildContractSet(dir, contracts);
  const model = domain.set && buildDomainModel(domain.set, code);
  const checked = model ? checkDomain(model) : [];
  const all = sortedUniqueDiagnostics([...diagnostics, ...domain.diagnostics, ...checked]);
  const hasErrors = all.some(({ severity }) => severity === "error");
  return { ...(model && !hasErrors && { model }), diagnostics: all };
}
