import type { DomainCode } from "../../core/domain-code.ts";
import { checkDomain } from "./check-domain.ts";
import type { ContractFile } from "../reading/contract-folder.ts";
import { contractSet } from "../reading/contract-set.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { inOrder, type Loaded, loadContracts, loadFiles } from "../reading/load.ts";
import type { ContractSet } from "../reading/contract-source.ts";

export interface Validated {
  /** Undefined when there is an error: what is here can be compiled. */
  readonly set?: ContractSet;
  /** Everything that is wrong, and warnings, by file and line. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads and checks the contracts of a domain's folder, together and against the code that they name. */
export const validateDomain = (dir: string, code: DomainCode): Validated => validated(dir, loadContracts(dir), code);

/** The same of texts. @param where what a problem of the whole names as its file */
export const validateFiles = (where: string, files: readonly ContractFile[], code: DomainCode): Validated =>
  validated(where, loadFiles(files), code);

function validated(dir: string, { sources, diagnostics, unread }: Loaded, code: DomainCode): Validated {
  // Half a domain would be told of all the names that the other half has.
  if (unread.length > 0) return { diagnostics };
  const domain = contractSet(dir, sources);
  const checked = domain.set ? checkDomain(domain.set, code) : [];
  const all = inOrder([...diagnostics, ...domain.diagnostics, ...checked]);
  const sound = domain.set && !all.some(({ severity }) => severity === "error");
  return { ...(sound && domain.set ? { set: domain.set } : {}), diagnostics: all };
}
