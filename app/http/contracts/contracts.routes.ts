import { basename } from "node:path";
import { z } from "zod";
import { checkDomain } from "../../../runtime/contract/checks/validate.ts";
import { sortedUniqueDiagnostics } from "../../../runtime/contract/reading/load.ts";
import { buildGraph, ContractGraph } from "../../../runtime/contract/graph/graph.ts";
import { contractJsonSchema } from "../../../runtime/contract/documents/contract-json-schema.ts";
import type { DomainModel } from "../../../runtime/contract/model/domain-model.ts";
import type { System } from "../../host/system.ts";
import {
  readStoredFiles,
  ContractFileView,
  readContractHistory,
  ContractVersion,
  diagnosticView,
  versionText,
} from "./contract-views.ts";
import { sourcesOf } from "../../host/contracts-in-force.ts";
import { type Http, PROBLEMS } from "../server/route-types.ts";
import { notFound } from "../server/problem.ts";

export const ContractsView = z.object({
  domain: z.string(),
  hash: z.string().describe("of the contents that this process runs"),
  editable: z.boolean().describe("whether files can be written here: PUT /api/v1/contracts/files/:file"),
  files: z.array(ContractFileView),
  history: z.array(ContractVersion).describe("contents that ran, newest first"),
});
export type ContractsView = z.infer<typeof ContractsView>;

export const StoredContractsView = z.object({
  hash: z.string(),
  first_run_at: z.iso.datetime(),
  files: z.record(z.string(), z.string()).describe("file name -> YAML"),
});
export type StoredContractsView = z.infer<typeof StoredContractsView>;

const Params = z.object({ hash: z.string().regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits") });

export function addContractRoutes(http: Http, system: System): void {
  const { store, editable } = system;

  http.get(
    "/api/v1/contracts",
    {
      config: { access: ["reader"] },
      schema: {
        summary: "The contracts in force, their diagnostics, and earlier versions",
        response: { 200: ContractsView, ...PROBLEMS },
      },
    },
    async () => {
      const { model, domain } = system;
      return {
        domain: domain.name,
        hash: domain.contractHash,
        editable,
        files: fileViews(model),
        history: await readContractHistory(store, domain.name),
      };
    },
  );

  http.get(
    "/api/v1/contracts/graph",
    {
      config: { access: ["reader"] },
      schema: { summary: "The two state machines and the message flow", response: { 200: ContractGraph, ...PROBLEMS } },
    },
    async () => graphOf(system.model),
  );

  http.get(
    "/api/v1/contracts/versions/:hash",
    {
      config: { access: ["reader"] },
      schema: {
        summary: "Contents that ran, as they were stored",
        params: Params,
        response: { 200: StoredContractsView, ...PROBLEMS },
      },
    },
    async ({ params: { hash } }) => {
      const stored = await readStoredFiles(store, system.domain.name, hash);
      if (!stored) throw notFound(`no contracts with the hash ${hash} ever ran`);
      return stored;
    },
  );

  const schema = contractJsonSchema();
  http.get("/schemas/contract.schema.json", { config: { access: "anyone" }, schema: { hide: true } }, () => schema);
}

/** Views of what runs: it does not change while it runs, so each is made once. */
const viewsByModel = new WeakMap<DomainModel, z.infer<typeof ContractFileView>[]>();
const graphsByModel = new WeakMap<DomainModel, ContractGraph>();

function graphOf(model: DomainModel): ContractGraph {
  const graph = graphsByModel.get(model) ?? buildGraph(model);
  graphsByModel.set(model, graph);
  return graph;
}

function fileViews(model: DomainModel): z.infer<typeof ContractFileView>[] {
  const cached = viewsByModel.get(model);
  if (cached) return cached;
  const sources = sourcesOf(model.set);
  const problems = sources.flatMap((source) => source.problems);
  const diagnostics = sortedUniqueDiagnostics([...problems, ...checkDomain(model)]);
  const files = sources.map((source) => ({
    file: basename(source.file),
    name: source.contract.name,
    kind: source.contract.node_type,
    contract_version: versionText(source),
    text: source.text,
    diagnostics: diagnostics.filter(({ file }) => file === source.file).map(diagnosticView),
  }));
  viewsByModel.set(model, files);
  return files;
}
