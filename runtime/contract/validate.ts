import type { DomainCode } from "../core/domain-code.ts";
import { checkDomain } from "./checks/check-domain.ts";
import { contractSet } from "./contract-set.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { inOrder, loadContracts } from "./load.ts";
import type { ContractSet } from "./source.ts";

export interface Validated {
  /** Undefined when there is an error: what is here can be compiled. */
  readonly set?: ContractSet;
  /** Everything that is wrong, and warnings, by file and line. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads and checks the contracts of a domain's folder, together and against the code that they name. */
export function validateDomain(dir: string, code: DomainCode): Validated {
  const { sources, diagnostics, unread } = loadContracts(dir);
  // Half a domain would be told of all the names that the other half has.
  if (unread.length > 0) return { diagnostics };
  const domain = contractSet(dir, sources);
  const checked = domain.set ? checkDomain(domain.set, code) : [];
  const all = inOrder([...diagnostics, ...domain.diagnostics, ...checked]);
  const sound = domain.set && !all.some(({ severity }) => severity === "error");
  return { ...(sound && domain.set ? { set: domain.set } : {}), diagnostics: all };
}
