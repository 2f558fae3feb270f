import { basename } from "node:path";
import { z } from "zod";
import { graphData } from "../../../runtime/contract/graph/graph.ts";
import { contractJsonSchema } from "../../../runtime/contract/documents/contract-json-schema.ts";
import type { ContractSet } from "../../../runtime/contract/reading/contract-source.ts";
import { validateFiles } from "../../../runtime/contract/checks/validate.ts";
import { registrationOnPaper } from "../../modules/registration-effects.ts";
import type { System } from "../../host/system.ts";
import {
  contractFilesOf,
  ContractFileShown,
  contractHistory,
  ContractVersion,
  shownDiagnostic,
  versionOf,
} from "./contract-views.ts";
import { sourcesOf } from "../../host/contract-history.ts";
import { ContractGraph, contractGraph } from "./contract-graph.ts";
import { type Http, PROBLEMS } from "../server/route-types.ts";
import { notFound } from "../server/problem.ts";

export const Contracts = z.object({
  domain: z.string(),
  hash: z.string().describe("of the contents that this process runs"),
  editable: z.boolean().describe("whether files can be written here: PUT /api/v1/contracts/files/:file"),
  files: z.array(ContractFileShown),
  history: z.array(ContractVersion).describe("contents that ran, newest first"),
});
export type Contracts = z.infer<typeof Contracts>;

export const StoredContracts = z.object({
  hash: z.string(),
  first_run_at: z.iso.datetime(),
  files: z.record(z.string(), z.string()).describe("file name -> YAML"),
});
export type StoredContracts = z.infer<typeof StoredContracts>;

const Params = z.object({ hash: z.string().regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits") });

export function addContractReading(http: Http, system: System): void {
  const { store, editable } = system;

  http.get(
    "/api/v1/contracts",
    {
      config: { access: ["reader"] },
      schema: {
        summary: "The contracts that run, what is to say about them, and those that ran before",
        response: { 200: Contracts, ...PROBLEMS },
      },
    },
    async () => {
      const { contracts, domain } = system;
      return {
        domain: domain.name,
        hash: domain.hash,
        editable,
        files: shownFiles(contracts),
        history: await contractHistory(store, domain.name),
      };
    },
  );

  http.get(
    "/api/v1/contracts/graph",
    {
      config: { access: ["reader"] },
      schema: { summary: "The two machines, and what leads to what", response: { 200: ContractGraph, ...PROBLEMS } },
    },
    async () => contractGraph(graphData(system.contracts, registrationOnPaper())),
  );

  http.get(
    "/api/v1/contracts/versions/:hash",
    {
      config: { access: ["reader"] },
      schema: {
        summary: "Contents that ran, as they were stored",
        params: Params,
        response: { 200: StoredContracts, ...PROBLEMS },
      },
    },
    async ({ params: { hash } }) => {
      const stored = await contractFilesOf(store, system.domain.name, hash);
      if (!stored) throw notFound(`no contracts with the hash ${hash} ever ran`);
      return stored;
    },
  );

  const schema = contractJsonSchema();
  http.get("/schemas/contract.schema.json", { config: { access: "anyone" }, schema: { hide: true } }, () => schema);
}

/** What runs does not change while it runs: checked once. */
const shown = new WeakMap<ContractSet, z.infer<typeof ContractFileShown>[]>();

function shownFiles(set: ContractSet): z.infer<typeof ContractFileShown>[] {
  const known = shown.get(set);
  if (known) return known;
  const { diagnostics } = validateFiles(set.domain, sourcesOf(set), registrationOnPaper());
  const files = sourcesOf(set).map((source) => ({
    file: basename(source.file),
    name: source.contract.name,
    kind: source.contract.node_type,
    contract_version: versionOf(source),
    text: source.text,
    diagnostics: diagnostics.filter(({ file }) => file === source.file).map(shownDiagnostic),
  }));
  shown.set(set, files);
  return files;
}
