import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import { schemaFiles } from "../http/docs/schemas-page.ts";
import { readFolder, withFolderArgument } from "../terminal/contract-folder.ts";
import { print } from "../terminal/output.ts";

export function addContractSchemasCommand(program: Command): void {
  const contracts = program.command("contracts").description("files that are generated from a domain's contracts");
  withFolderArgument(contracts.command("schemas"))
    .description("writes a JSON Schema of each payload, for producers and consumers in other languages")
    .requiredOption("--out <dir>", "folder to write to; made if missing")
    .action(writeSchemas);
}

function writeSchemas(dir: string, { out }: { readonly out: string }): void {
  const folder = readFolder(dir);
  if (!folder) return;
  const { model, code } = folder;
  // The schemas do not contain the topics, so env and namespace do not matter.
  const domain = compileDomain(model, { env: "", namespace: "" });
  mkdirSync(out, { recursive: true });
  const files = [...schemaFiles({ domain, messages: code.messages })];
  for (const [file, schema] of files) writeFileSync(join(out, file), `${JSON.stringify(schema, undefined, 2)}\n`);
  print(`${out}: ${files.length} JSON Schemas of the domain ${domain.name}`);
}
