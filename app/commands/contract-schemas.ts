import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import { formatDiagnostics } from "../../runtime/contract/diagnostics/format-diagnostics.ts";
import { validateDomain } from "../../runtime/contract/checks/validate.ts";
import { SHIPPED_CONTRACTS } from "../host/compose.ts";
import { schemaFiles } from "../http/docs/schemas-page.ts";
import { withoutBackends } from "../modules/registration-effects.ts";
import { print } from "../terminal/output.ts";

export function addContractSchemasCommand(program: Command): void {
  program
    .command("contracts")
    .description("what is made from a domain's contracts")
    .command("schemas")
    .description("writes a JSON Schema of each payload, for producers and consumers in other languages")
    .argument("[dir]", "folder with the contracts", SHIPPED_CONTRACTS)
    .requiredOption("--out <dir>", "folder to write to; made if missing")
    .action(writeSchemas);
}

function writeSchemas(dir: string, { out }: { readonly out: string }): void {
  const code = withoutBackends();
  const { model, diagnostics } = validateDomain(dir, code);
  if (!model) {
    process.stderr.write(formatDiagnostics(diagnostics, "text"));
    process.exitCode = 1;
    return;
  }
  // Topics are no part of a payload: any names will do.
  const domain = compileDomain(model, { env: "", namespace: "" });
  mkdirSync(out, { recursive: true });
  const files = [...schemaFiles({ domain, messages: code.messages })];
  for (const [file, schema] of files) writeFileSync(join(out, file), `${JSON.stringify(schema, undefined, 2)}\n`);
  print(`${out}: ${files.length} JSON Schemas of the domain ${domain.name}`);
}
