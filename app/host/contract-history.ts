import { basename } from "node:path";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import { buildDomainModel } from "../../runtime/contract/model/build-domain-model.ts";
import type { DomainModel } from "../../runtime/contract/model/domain-model.ts";
import { buildContractSet } from "../../runtime/contract/reading/contract-set.ts";
import { loadContract } from "../../runtime/contract/reading/load.ts";
import type { ContractSet, LoadedContract } from "../../runtime/contract/reading/contract-source.ts";
import type { TopicVariables } from "../../runtime/contract/language/topic-pattern.ts";
import type { Domain, DomainCode } from "../../runtime/core/domain.ts";
import type { Sql } from "../../runtime/ports/store.ts";

type Files = Readonly<Record<string, string>>;

/** The contracts as they were read, and the domain compiled from them. */
export interface CompiledContracts {
  readonly model: DomainModel;
  readonly domain: Domain;
}

export const sourcesOf = ({ orchestrator, reducer, effects }: ContractSet): readonly LoadedContract[] => [
  orchestrator,
  reducer,
  ...effects,
];
const fileNameOf = ({ file }: LoadedContract): string => basename(file);

/**
 * Stores the contracts by the hash of their content, so that a journal can be replayed with those it was written under.
 * @returns the files that changed since the last contracts stored, without a new `contract_version`
 */
export async function recordContracts(
  sql: Sql,
  { model: { set }, domain: { contractHash } }: CompiledContracts,
): Promise<readonly string[]> {
  const sources = sourcesOf(set);
  const files: Files = Object.fromEntries(sources.map((source) => [fileNameOf(source), source.text]));
  const [last] = await sql.query<{ hash: string; files: Files }>(
    `select hash, files from rollcall.contract_set where domain = $1 order by first_run_at desc limit 1`,
    [set.domain],
  );
  await sql.query(
    "insert into rollcall.contract_set (hash, domain, files, first_run_at) values ($1, $2, $3::json, now()) on " +
      "conflict do nothing",
    [contractHash, set.domain, JSON.stringify(files)],
  );
  if (!last || last.hash === contractHash) return [];
  return sources.filter((source) => isUnversionedChange(source, last.files[fileNameOf(source)])).map(fileNameOf);
}

export const unversionedChangeWarning = (file: string): string =>
  `${file} changed without a new contract_version: raise it, so that people can tell the versions apart`;

function isUnversionedChange(now: LoadedContract, before: string | undefined): boolean {
  if (before === undefined || before === now.text) return false;
  const { source } = loadContract({ file: now.file, text: before });
  if (!source || sameContent(source, now)) return false;
  return JSON.stringify(source.contract.contract_version) === JSON.stringify(now.contract.contract_version);
}

const sameContent = (a: LoadedContract, b: LoadedContract): boolean =>
  JSON.stringify(a.contract) === JSON.stringify(b.contract);

/**
 * Compiles earlier contracts with this version's code. They are not validated: checks that are newer than a contract
 * must not refuse it.
 * @throws Error when they can't be read, don't form a domain, or name code that no longer exists
 */
export function compileStoredContracts(files: Files, code: DomainCode, names: TopicVariables): CompiledContracts {
  const loaded = Object.entries(files).map(([file, text]) => loadContract({ file, text }));
  const { set } = buildContractSet(
    "the stored contracts",
    loaded.flatMap(({ source }) => source ?? []),
  );
  const [problem] = loaded.flatMap(({ diagnostics }) => diagnostics);
  if (!set)
    throw new Error(problem ? `${problem.file}:${problem.line}: ${problem.message}` : "they do not form a domain");
  const model = buildDomainModel(set, code);
  return { model, domain: compileDomain(model, names) };
}

/** @throws Error when they are not stored; as `compileStoredContracts` */
export async function loadStoredContracts(
  sql: Sql,
  hash: string,
  code: DomainCode,
  names: TopicVariables,
): Promise<CompiledContracts> {
  const [row] = await sql.query<{ files: Files }>(`select files from rollcall.contract_set where hash = $1`, [hash]);
  if (!row) throw new Error(`the contracts ${hash.slice(0, 12)} are not in rollcall.contract_set`);
  return compileStoredContracts(row.files, code, names);
}
