import { basename } from "node:path";
import { z } from "zod";
import { buildGraph } from "../../../runtime/contract/graph/graph.ts";
import { contractJsonSchema } from "../../../runtime/contract/documents/contract-json-schema.ts";
import type { ContractSet } from "../../../runtime/contract/reading/contract-source.ts";
import { validateFiles } from "../../../runtime/contract/checks/validate.ts";
import { withoutBackends } from "../../modules/registration.ts";
import type { System } from "../../host/system.ts";
import {
  readStoredFiles,
  ContractFileView,
  readContractHistory,
  ContractVersion,
  diagnosticView,
  versionText,
} from "./contract-views.ts";
import { sourcesOf } from "../../host/contract-history.ts";
import { ContractGraph, contractGraph } from "./contract-graph.ts";
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
      const { contracts, domain } = system;
      return {
        domain: domain.name,
        hash: domain.contractHash,
        editable,
        files: fileViews(contracts),
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
    async () => contractGraph(buildGraph(system.contracts, withoutBackends())),
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

/** What runs does not change while it runs: checked once. */
const viewsBySet = new WeakMap<ContractSet, z.infer<typeof ContractFileView>[]>();

function fileViews(set: ContractSet): z.infer<typeof ContractFileView>[] {
  const cached = viewsBySet.get(set);
  if (cached) return cached;
  const { diagnostics } = validateFiles(set.domain, sourcesOf(set), withoutBackends());
  const files = sourcesOf(set).map((source) => ({
    file: basename(source.file),
    name: source.contract.name,
    kind: source.contract.node_type,
    contract_version: versionText(source),
    text: source.text,
    diagnostics: diagnostics.filter(({ file }) => file === source.file).map(diagnosticView),
  }));
  viewsBySet.set(set, files);
  return files;
}
