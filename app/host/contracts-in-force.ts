import { basename } from "node:path";
import type { Diagnostic } from "../../runtime/contract/diagnostics/diagnostic.ts";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import type { TopicNames } from "../../runtime/contract/language/topic-pattern.ts";
import { validateDomain } from "../../runtime/contract/checks/validate.ts";
import type { DomainCode } from "../../runtime/core/domain-code.ts";
import type { Store } from "../../runtime/ports/store.ts";
import { contractInForce, putInForce } from "../../runtime/shell/contract-in-force.ts";
import { type Contracts, rememberContracts, storedContracts } from "./contract-history.ts";

/** Contracts that can't run. */
export class ContractsRefused extends Error {
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[]) {
    super(summaryOf(diagnostics.filter(({ severity }) => severity === "error")));
    this.diagnostics = diagnostics;
  }
}

/** Without the folder: whoever reads it elsewhere need not know where it is. */
function summaryOf(errors: readonly Diagnostic[]): string {
  const [first] = errors;
  if (!first) return "the contracts have errors";
  const count = errors.length === 1 ? "an error" : `${errors.length} errors, the first`;
  return `the contracts have ${count} at ${basename(first.file)}:${first.line}: ${first.code} ${first.message}`;
}

/** Contracts that are sound, and that what is stored could not go on under. */
export class ContractsUnfit extends Error {
  readonly reasons: readonly string[];
  constructor(reasons: readonly string[]) {
    super(`these contracts can't come in force: ${reasons.join("; ")}`);
    this.reasons = reasons;
  }
}

export interface ContractSource {
  readonly directory: string;
  readonly code: DomainCode;
  readonly names: TopicNames;
}

/** @throws ContractsRefused with every diagnostic */
export function readContracts({ directory, code, names }: ContractSource): Contracts {
  const { set, diagnostics } = validateDomain(directory, code);
  if (!set || diagnostics.some(({ severity }) => severity === "error")) throw new ContractsRefused(diagnostics);
  return { set, domain: compileDomain(set, code, names) };
}

export interface AtStart {
  readonly contracts: Contracts;
  /** Files that changed without a new `contract_version`. */
  readonly silent: readonly string[];
}
interface Put {
  readonly expected: string | undefined;
  readonly running: Contracts | undefined;
  readonly next: Contracts;
  readonly by: string;
}

/**
 * Puts contracts in force for every process.
 * @returns the files that changed without a new `contract_version`
 * @throws ContractsUnfit: nothing has changed
 */
export async function change(store: Store, { expected, running, next, by }: Put): Promise<readonly string[]> {
  let silent: readonly string[] = [];
  const reasons = await putInForce(store, {
    expected,
    running: running?.domain,
    next: next.domain,
    by,
    store: async (tx) => void (silent = await rememberContracts(tx, next)),
  });
  if (reasons.length > 0) throw new ContractsUnfit(reasons);
  return silent;
}

/**
 * What a process that starts has to run. Its folder's contracts come in force, but for one case: where processes share
 * a store and other contracts came in force since the folder's did, those stay. A crash must not bring back old
 * contracts; whoever wants them says so: `rollcall reload`.
 * @throws ContractsUnfit; Error when those in force can't be compiled with this version
 */
export async function contractsAtStart(
  store: Store,
  folder: Contracts,
  source: ContractSource,
  options: { readonly isShared: boolean; readonly by: string },
): Promise<AtStart> {
  const current = await contractInForce(store, folder.domain.name);
  if (current?.hash === folder.domain.hash) return { contracts: folder, silent: [] };
  const inForce =
    current && (await storedContracts(store, current.hash, source.code, source.names).catch((error: Error) => error));
  if (inForce && options.isShared && (await ranBefore(store, folder.domain.hash))) {
    if (inForce instanceof Error)
      throw new Error(`the contracts in force can't run in this version: ${inForce.message}`);
    return { contracts: inForce, silent: [] };
  }
  const running = inForce instanceof Error ? undefined : inForce;
  const silent = await change(store, { expected: current?.hash, running, next: folder, by: options.by });
  return { contracts: folder, silent };
}

async function ranBefore(store: Store, hash: string): Promise<boolean> {
  return (await store.query(`select 1 from rollcall.contract where hash = $1`, [hash])).length > 0;
}
