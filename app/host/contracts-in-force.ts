import { basename } from "node:path";
import type { Diagnostic } from "../../runtime/contract/diagnostics/diagnostic.ts";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import type { TopicVariables } from "../../runtime/contract/language/topic-pattern.ts";
import { validateDomain } from "../../runtime/contract/checks/validate.ts";
import type { DomainCode } from "../../runtime/core/domain.ts";
import type { Store } from "../../runtime/ports/store.ts";
import { contractInForce, putInForce } from "../../runtime/shell/contract-in-force.ts";
import { type CompiledContracts, recordContracts, loadStoredContracts } from "./contract-history.ts";

/** Contracts with errors. */
export class InvalidContractsError extends Error {
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[]) {
    super(errorSummary(diagnostics.filter(({ severity }) => severity === "error")));
    this.diagnostics = diagnostics;
  }
}

/** Without the folder's path, because the text is also shown on other machines. */
function errorSummary(errors: readonly Diagnostic[]): string {
  const [first] = errors;
  if (!first) return "the contracts have errors";
  const count = errors.length === 1 ? "an error" : `${errors.length} errors, the first`;
  return `the contracts have ${count} at ${basename(first.file)}:${first.line}: ${first.code} ${first.message}`;
}

/** Contracts without errors under which the stored state could not continue. */
export class IncompatibleContractsError extends Error {
  readonly reasons: readonly string[];
  constructor(reasons: readonly string[]) {
    super(`these contracts are incompatible with the stored state: ${reasons.join("; ")}`);
    this.reasons = reasons;
  }
}

export interface DomainSource {
  readonly directory: string;
  readonly code: DomainCode;
  readonly names: TopicVariables;
}

/** @throws InvalidContractsError with every diagnostic */
export function readContracts({ directory, code, names }: DomainSource): CompiledContracts {
  const { model, diagnostics } = validateDomain(directory, code);
  if (!model) throw new InvalidContractsError(diagnostics);
  return { model, domain: compileDomain(model, names) };
}

export interface StartupContracts {
  readonly contracts: CompiledContracts;
  /** Files that changed without a new `contract_version`. */
  readonly unversionedChanges: readonly string[];
}
interface ContractChange {
  readonly expected: string | undefined;
  readonly running: CompiledContracts | undefined;
  readonly next: CompiledContracts;
  readonly by: string;
}

/**
 * Puts contracts in force for every process.
 * @returns the files that changed without a new `contract_version`
 * @throws IncompatibleContractsError: nothing has changed
 */
export async function applyContracts(
  store: Store,
  { expected, running, next, by }: ContractChange,
): Promise<readonly string[]> {
  let unversioned: readonly string[] = [];
  const reasons = await putInForce(store, {
    expected,
    current: running?.domain,
    next: next.domain,
    by,
    saveContracts: async (tx) => void (unversioned = await recordContracts(tx, next)),
  });
  if (reasons.length > 0) throw new IncompatibleContractsError(reasons);
  return unversioned;
}

/**
 * The contracts that a starting process runs. It puts those of its folder in force, with one exception: when processes
 * share a store and the folder's contracts were replaced there by others, those stay in force. A restart after a crash
 * must not bring back old contracts; `rollcall reload` does it on request.
 * @throws IncompatibleContractsError; Error when those in force can't be compiled with this version
 */
export async function resolveStartupContracts(
  store: Store,
  folder: CompiledContracts,
  source: DomainSource,
  options: { readonly isShared: boolean; readonly by: string },
): Promise<StartupContracts> {
  const current = await contractInForce(store, folder.domain.name);
  if (current?.hash === folder.domain.contractHash) return { contracts: folder, unversionedChanges: [] };
  const inForce =
    current &&
    (await loadStoredContracts(store, current.hash, source.code, source.names).catch((error: Error) => error));
  if (inForce && options.isShared && (await hasRunBefore(store, folder.domain.contractHash))) {
    if (inForce instanceof Error)
      throw new Error(`the contracts in force can't run in this version: ${inForce.message}`);
    return { contracts: inForce, unversionedChanges: [] };
  }
  const running = inForce instanceof Error ? undefined : inForce;
  const unversionedChanges = await applyContracts(store, {
    expected: current?.hash,
    running,
    next: folder,
    by: options.by,
  });
  return { contracts: folder, unversionedChanges };
}

async function hasRunBefore(store: Store, hash: string): Promise<boolean> {
  return (await store.query(`select 1 from rollcall.contract_set where hash = $1`, [hash])).length > 0;
}
