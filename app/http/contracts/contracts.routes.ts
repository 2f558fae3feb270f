import { readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import { checkDomain } from "../../../runtime/contract/checks/validate.ts";
import { Diagnostic } from "../../../runtime/contract/diagnostics/diagnostic.ts";
import { buildGraph, ContractGraph } from "../../../runtime/contract/graph/graph.ts";
import type { DomainModel } from "../../../runtime/contract/model/domain-model.ts";
import type { LoadedContract } from "../../../runtime/contract/reading/contract-source.ts";
import { loadContract, sortedUniqueDiagnostics } from "../../../runtime/contract/reading/load.ts";
import { allSourcesOf } from "../../../runtime/contract/reading/contract-set.ts";
import type { Sql } from "../../../runtime/ports/store.ts";
import {
  type ContractFiles,
  listContractSets,
  readContractSet,
  readContractSets,
} from "../../../runtime/stored/contract-sets.ts";
import { wholeModel } from "../../host/configuration.ts";
import { parseBody } from "../server/json-body.ts";
import { notFound, Problem } from "../server/problem.ts";
import { apiRoute, type Http } from "../server/route-types.ts";
import type { DomainApi } from "../server/domain-api.ts";

const VERSIONS_MAX = 100;

/** A problem of a contract as answers have it: files by their names in the folder. */
export type ContractDiagnostic = Diagnostic;

const ContractVersion = z.object({
  hash: z.string(),
  first_run_at: z.iso.datetime(),
  versions: z.record(z.string(), z.string()).describe("file name -> contract_version"),
});
export type ContractVersion = z.infer<typeof ContractVersion>;

const ContractsView = z.object({
  domain: z.string(),
  hash: z.string().describe("of the contents that this process runs"),
  editable: z.boolean().describe("whether files can be written here: PUT contracts/files/:file"),
  files: z.array(
    z.object({
      file: z.string(),
      name: z.string(),
      kind: z.string(),
      contract_version: z.string().nullable(),
      unset: z.string().optional().describe("the variable that is not set, so that nothing of the file is there"),
      text: z.string(),
      diagnostics: z.array(Diagnostic),
    }),
  ),
  history: z.array(ContractVersion).describe("contents that ran, newest first"),
});
export type ContractsView = z.infer<typeof ContractsView>;

const StoredContractsView = z.object({
  hash: z.string(),
  first_run_at: z.iso.datetime(),
  files: z.record(z.string(), z.string()).describe("file name -> YAML"),
});
export type StoredContractsView = z.infer<typeof StoredContractsView>;

const HashParams = z.object({ hash: z.string().regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits") });
const FileParams = z.object({ file: z.string().max(255) });
const FileBody = z.strictObject({ text: z.string().min(1) });

export function addContractRoutes(http: Http, { system }: DomainApi): void {
  const { store, editable } = system;

  http.get(
    "/contracts",
    apiRoute(["reader"], {
      summary: "The contracts in force, their diagnostics, and earlier versions",
      response: { 200: ContractsView },
    }),
    async () => {
      const { model, domain } = system;
      const { files } = viewsOf(model);
      const history = await readContractHistory(store, domain.name);
      return { domain: domain.name, hash: domain.contractHash, editable, files, history };
    },
  );

  http.get(
    "/contracts/graph",
    apiRoute(["reader"], { summary: "The two state machines and the message flow", response: { 200: ContractGraph } }),
    async () => viewsOf(system.model).graph,
  );

  http.get(
    "/contracts/versions/:hash",
    apiRoute(["reader"], {
      summary: "Contents that ran, as they were stored",
      params: HashParams,
      response: { 200: StoredContractsView },
    }),
    async ({ params: { hash } }) => {
      const stored = await readContractSet(store, system.domain.name, hash);
      if (!stored) throw notFound(`no contracts with the hash ${hash} ever ran`);
      return { hash, first_run_at: stored.firstRunAt.toISOString(), files: stored.files };
    },
  );
}

export function addContractFileRoutes(http: Http, { system: { editable, contractsDir } }: DomainApi): void {
  http.put(
    "/contracts/files/:file",
    apiRoute([], {
      summary: "Writes one of the contracts' files: under `rollcall dev` only",
      description: "The file must be there; the new text is there whole or not at all. It is not checked before.",
      params: FileParams,
      body: FileBody,
      response: { 204: z.undefined() },
    }),
    async ({ params: { file }, body }, reply) => {
      if (!editable)
        throw new Problem(
          "conflict",
          "this server does not write contracts: run rollcall dev, or take the file away and deploy it",
        );
      const { text } = parseBody(FileBody, body, "{text}");
      // By the folder's own list: no name that a request brings is ever a path.
      const name = readdirSync(contractsDir).find((each) => each === file && each.endsWith(".yaml"));
      if (name === undefined) throw notFound(`there is no contract ${file} in the folder`);
      replaceFile(join(contractsDir, name), text);
      return reply.code(204).send();
    },
  );
}

function replaceFile(path: string, text: string): void {
  // Not seen by a reader of *.yaml, should it stay behind.
  const temporary = `${path}.${process.pid}.new`;
  try {
    writeFileSync(temporary, text, { flag: "wx" });
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}

type ContractViews = Pick<ContractsView, "files"> & { readonly graph: ContractGraph };

/** Views of what runs: it does not change while it runs, so they are made once. */
const viewsByModel = new WeakMap<DomainModel, ContractViews>();

function viewsOf(model: DomainModel): ContractViews {
  const views = viewsByModel.get(model) ?? { graph: buildGraph(model), files: fileViews(model) };
  viewsByModel.set(model, views);
  return views;
}

function fileViews(model: DomainModel): ContractsView["files"] {
  const sources = allSourcesOf(model.set);
  const problems = sources.flatMap((source) => source.problems);
  const diagnostics = sortedUniqueDiagnostics([...problems, ...checkDomain(wholeModel(model))]);
  const leftOut = new Map(model.set.leftOut.map(({ file, contract }) => [file, contract.where_set]));
  return sources.map((source) => ({
    file: basename(source.file),
    name: source.contract.name,
    kind: source.contract.node_type,
    contract_version: versionText(source),
    ...(leftOut.has(source.file) && { unset: leftOut.get(source.file) }),
    text: source.text,
    diagnostics: diagnostics.filter(({ file }) => file === source.file).map(diagnosticView),
  }));
}

export const diagnosticView = ({ file, related, ...diagnostic }: Diagnostic): ContractDiagnostic => ({
  ...{ ...diagnostic, file: basename(file) },
  ...(related && { related: related.map((each) => ({ ...each, file: basename(each.file) })) }),
});

function versionText({ contract: { contract_version: version } }: Pick<LoadedContract, "contract">): string | null {
  return version === undefined ? null : `${version.major}.${version.minor}.${version.patch}`;
}

/** What a hash stands for never changes. */
const versionsByHash = new LRUCache<string, Record<string, string>>({ max: VERSIONS_MAX });

/** The contents that ran, newest first. */
async function readContractHistory(sql: Sql, domain: string): Promise<ContractVersion[]> {
  const ran = await listContractSets(sql, domain, VERSIONS_MAX);
  const unread = ran.filter(({ hash }) => !versionsByHash.has(hash)).map(({ hash }) => hash);
  for (const { hash, files } of await readContractSets(sql, domain, unread))
    versionsByHash.set(hash, readVersions(files));
  return ran.map(({ hash, firstRunAt }) => ({
    hash,
    first_run_at: firstRunAt.toISOString(),
    versions: versionsByHash.get(hash) ?? {},
  }));
}

function readVersions(files: ContractFiles): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).flatMap(([file, text]) => {
      const { source } = loadContract({ file, text });
      const version = source && versionText(source);
      return version ? [[file, version]] : [];
    }),
  );
}
