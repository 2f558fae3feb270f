import { basename } from "node:path";
import { checkBetweenDomains } from "../../runtime/contract/checks/check-between-domains.ts";
import { validateDomain } from "../../runtime/contract/checks/validate.ts";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import type { Diagnostic } from "../../runtime/contract/diagnostics/diagnostic.ts";
import type { TopicVariables } from "../../runtime/contract/language/topic-pattern.ts";
import { buildDomainModel } from "../../runtime/contract/model/domain-model.ts";
import type { DomainModel } from "../../runtime/contract/model/domain-model.ts";
import { buildContractSet, setWithHash, storedSourcesOf } from "../../runtime/contract/reading/contract-set.ts";
import type { ContractSet, LoadedContract } from "../../runtime/contract/reading/contract-source.ts";
import { loadContract } from "../../runtime/contract/reading/load.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import type { DomainCode } from "../../runtime/core/domain.ts";
import type { Sql, Store } from "../../runtime/ports/store.ts";
import { limitLockWait, projectionDifferences } from "../../runtime/shell/projections/change-projections.ts";
import { type ContractChange, olderStateVersion, putInForce } from "../../runtime/shell/contract-in-force.ts";
import { configurationDifferences, configurationDiffers, whereConfigured } from "./configuration.ts";
import {
  addContractSet,
  type ContractFiles,
  contractInForce,
  type InForce,
  newestContractSet,
  readContractSet,
} from "../../runtime/stored/contract-sets.ts";

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
  /** Variables of the configuration that are set, of those that effects may go by; undefined: all. */
  readonly configured?: ReadonlySet<string>;
}

/** The contracts as they were read, and the domain compiled from them. */
export interface CompiledContracts {
  readonly model: DomainModel;
  readonly domain: Domain;
}

/**
 * The contracts of a folder, as far as they are there in this configuration.
 * @param codes of the domains that it may be of
 * @throws InvalidContractsError with every diagnostic
 */
export function readContracts(
  { directory, names, configured }: Omit<DomainSource, "code">,
  codes: readonly DomainCode[],
): CompiledContracts {
  const { model: whole, diagnostics } = validateDomain(directory, ...codes);
  if (!whole) throw new InvalidContractsError(diagnostics);
  const model = configured ? whereConfigured(whole, configured) : whole;
  return { model, domain: compileDomain(model, names) };
}

/** @throws InvalidContractsError for domains that can't be served by one process */
export function refuseBetweenDomains(models: readonly DomainModel[], names: TopicVariables): void {
  const diagnostics = models.flatMap((model) => [...checkBetweenDomains(model, models, names)]);
  if (diagnostics.length > 0) throw new InvalidContractsError(diagnostics);
}

/** Whether the gateways of both say the same. */
export const haveSameGateways = haveSame("gateways");
/** Whether the projections of both say the same. */
export const haveSameComputes = haveSame("computes");

function haveSame(kind: "gateways" | "computes") {
  return (...both: readonly [CompiledContracts, CompiledContracts]): boolean => {
    const [one, other] = both.map(({ model }) => JSON.stringify(model.set[kind].map(({ contract }) => contract)));
    return one === other;
  };
}

/** The contracts with the gateways of others: these are each process's own, and are not stored. */
export function withGateways(
  { model, domain }: CompiledContracts,
  other: CompiledContracts,
  code: DomainCode,
): CompiledContracts {
  const { gateways } = other.model.set;
  return { model: buildDomainModel({ ...model.set, gateways }, code), domain };
}

interface WithContracts {
  /** Called in the transaction that puts them in force: what comes with them, or keeps them out. */
  readonly alongside?: (tx: Sql) => Promise<void>;
}

/**
 * Puts contracts in force for every process.
 * @returns the files that changed without a new `contract_version`
 * @throws IncompatibleContractsError: nothing has changed
 */
export async function applyContracts(
  store: Store,
  next: CompiledContracts,
  change: Pick<ContractChange, "expected" | "current" | "by" | "onTried"> & WithContracts,
): Promise<readonly string[]> {
  const { alongside, ...own } = change;
  let unversioned: readonly string[] = [];
  const saveContracts = async (tx: Sql): Promise<void> => {
    unversioned = await recordContracts(tx, next);
    await alongside?.(tx);
  };
  // It may be tried again: until then turns go on.
  const beforeLocks = alongside && limitLockWait;
  const reasons = await putInForce(store, { ...own, next: next.domain, beforeLocks, saveContracts });
  if (reasons.length > 0) throw new IncompatibleContractsError(reasons);
  return unversioned;
}

/**
 * The contracts that a starting process runs. It puts those of its folder in force, with one exception: when processes
 * share a store and the folder's contracts were replaced there by others, those stay in force. A restart after a crash
 * must not bring back old contracts; `rollcall reload` does it on request. A higher `stateVersion` of the code comes in
 * force in any case. Those in force for another configuration are replaced when no process serves them.
 * @throws IncompatibleContractsError; Fault CONFIGURATION_DIFFERS, not retryable; Error when those in force can't be
 * compiled with this version
 */
export async function resolveStartupContracts(
  store: Store,
  folder: CompiledContracts,
  source: DomainSource,
  options: Pick<ContractChange, "by" | "onTried"> &
    WithContracts & {
      readonly isShared: boolean;
      /** Whether another process serves the domain. */
      readonly isServed?: () => Promise<boolean>;
      readonly warn: (text: string) => void;
    },
): Promise<CompiledContracts> {
  const { name, contractHash, stateVersion } = folder.domain;
  const { by, onTried, alongside, warn } = options;
  const current = await contractInForce(store, name);
  if (current) refuseOlderState(folder.domain, current);
  if (current?.hash === contractHash && current.stateVersion === stateVersion) return folder;
  const inForce =
    current && (await loadStoredContracts(store, current.hash, source, folder).catch((error: Error) => error));
  const change = {
    expected: current,
    current: inForce instanceof Error ? undefined : inForce?.domain,
    by,
    onTried,
    ...(alongside && { alongside }),
  };
  const isOther = current?.hash !== contractHash;
  const differences = inForce && !(inForce instanceof Error) ? configurationDifferences(inForce, folder) : [];
  if (differences.length > 0 && (await options.isServed?.())) throw configurationDiffers(name, differences);
  const mayStay = isOther && options.isShared && differences.length === 0;
  if (inForce && mayStay && (await readContractSet(store, name, contractHash))) {
    if (inForce instanceof Error)
      throw new Error(`the contracts in force can't run in this version: ${inForce.message}`);
    warn(
      `the folder's contracts (${contractHash.slice(0, 12)}) were replaced by other contracts, which stay in force ` +
        `(${inForce.domain.contractHash.slice(0, 12)}). To go back to the folder's: rollcall reload`,
    );
    if (current.stateVersion !== stateVersion) await applyContracts(store, inForce, change);
    return inForce;
  }
  for (const file of await applyContracts(store, folder, change)) warn(unversionedChangeWarning(file));
  return folder;
}

/** @throws IncompatibleContractsError when what is stored was written by code with a higher `stateVersion` */
export function refuseOlderState(domain: Pick<Domain, "name" | "stateVersion">, inForce: InForce): void {
  if (inForce.stateVersion > domain.stateVersion)
    throw new IncompatibleContractsError([olderStateVersion(domain, inForce)]);
}

/**
 * Contracts whose projections are in use: these, or else those of the folder, which may have them by now.
 * @throws IncompatibleContractsError for neither
 */
export async function withProjectionsInUse(
  sql: Sql,
  current: CompiledContracts,
  source: DomainSource,
): Promise<CompiledContracts> {
  const reasons = [...(await projectionDifferences(sql, current.domain))];
  if (reasons.length === 0) return current;
  try {
    const folder = readContracts(source, [source.code]);
    if ((await projectionDifferences(sql, folder.domain)).length === 0) return folder;
  } catch (error) {
    if (!(error instanceof InvalidContractsError)) throw error;
    reasons.push(error.message);
  }
  throw new IncompatibleContractsError(reasons);
}

/**
 * Stores the contracts by the hash of their content, so that a journal can be replayed with those it was written under.
 * @returns the files that changed since the last contracts stored, without a new `contract_version`
 */
async function recordContracts(
  sql: Sql,
  { model: { set }, domain: { contractHash } }: CompiledContracts,
): Promise<readonly string[]> {
  const loaded = new Map(storedSourcesOf(set).map((source) => [basename(source.file), source]));
  const files: ContractFiles = Object.fromEntries([...loaded].map(([name, { text }]) => [name, text]));
  const last = await newestContractSet(sql, set.domain);
  await addContractSet(sql, set.domain, { hash: contractHash, files });
  if (!last || last.hash === contractHash) return [];
  return [...loaded].flatMap(([name, source]) => (isUnversionedChange(source, last.files[name]) ? name : []));
}

export const unversionedChangeWarning = (file: string): string =>
  `${file} changed without a new contract_version: raise it, so that people can tell the versions apart`;

function isUnversionedChange({ file, contract: now }: LoadedContract, text: string | undefined): boolean {
  const before = text === undefined ? undefined : loadContract({ file, text }).source?.contract;
  if (!before || JSON.stringify(before) === JSON.stringify(now)) return false;
  return JSON.stringify(before.contract_version) === JSON.stringify(now.contract_version);
}

/**
 * Compiles earlier contracts with this version's code. They are not validated: checks that are newer than a contract
 * must not refuse it.
 * The last parameter has contracts that are stored with none, so that those of the folder count, and the hash under
 * which these ran: it says what was left out.
 * @throws Error when they can't be read, don't form a domain, or name code that no longer exists
 */
export function compileStoredContracts(
  files: ContractFiles,
  code: DomainCode,
  names: TopicVariables,
  { hash, ...apart }: Pick<ContractSet, "computes" | "gateways"> & { readonly hash?: string } = {
    computes: [],
    gateways: [],
  },
): CompiledContracts {
  const loaded = Object.entries(files).map(([file, text]) => loadContract({ file, text }));
  const { set: stored } = buildContractSet(
    "the stored contracts",
    loaded.flatMap(({ source }) => source ?? []),
  );
  const [problem] = loaded.flatMap(({ diagnostics }) => diagnostics);
  if (!stored)
    throw new Error(problem ? `${problem.file}:${problem.line}: ${problem.message}` : "they do not form a domain");
  const set = (hash !== undefined && setWithHash(stored, hash)) || stored;
  const model = buildDomainModel({ ...set, ...apart }, code);
  return { model, domain: compileDomain(model, names) };
}

/** @throws Error when they are not stored; as `compileStoredContracts` */
export async function loadStoredContracts(
  sql: Sql,
  hash: string,
  { code, names }: DomainSource,
  { model: { set } }: Pick<CompiledContracts, "model">,
): Promise<CompiledContracts> {
  const stored = await readContractSet(sql, code.domain, hash);
  if (!stored) throw new Error(`the contracts ${hash.slice(0, 12)} are not in rollcall.contract_set`);
  const { computes, gateways } = set;
  return compileStoredContracts(stored.files, code, names, { computes, gateways, hash });
}
