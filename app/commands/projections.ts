import type { Command } from "commander";
import { dropServed } from "../../runtime/shell/projections/finish-projections.ts";
import { domainsWithProjections, readProjections } from "../../runtime/stored/projection-tables.ts";
import { readStoreConfig } from "../host/config.ts";
import type { ProjectionView, Rebuilt, Verified } from "../http/projections/projections.routes.ts";
import { chooseDomain, type DomainOptions, withDomainOption } from "../terminal/domain-choice.ts";
import { withStore } from "../terminal/open-store.ts";
import { print, printJson, printTable, replaceUnprintable } from "../terminal/output.ts";
import { callServer, WHOLE_DOMAIN_TIMEOUT_MS } from "../terminal/server-client.ts";
import { domainPath, type ServerDomainOptions, withServerDomainOptions } from "../terminal/server-domains.ts";
import { UsageError } from "../terminal/usage-error.ts";

export function addCommands(program: Command): void {
  const projections = program.command("projections").description("the read models of a domain of a running system");
  withServerDomainOptions(projections.command("list"))
    .description("each with its rows, and those that are older than their entities")
    .action(list);
  withServerDomainOptions(projections.command("rebuild"))
    .argument("<name>", "of the projection")
    .requiredOption("--reason <text>", "why; it is stored with the decision")
    .description("computes all rows anew while the domain is served")
    .action(rebuild);
  withServerDomainOptions(projections.command("verify"))
    .argument("[name]", "of the projection (default: all but logs)")
    .description("compares all rows with what their function makes of the entities (exit 1: some differ)")
    .action(verify);
  withDomainOption(projections.command("drop"))
    .argument("<name>", "of the projection")
    .option("--json", "print JSON", false)
    .description("drops the table and the view of a projection that the code has no more, from the store itself")
    .action(drop);
}

async function read(options: ServerDomainOptions): Promise<readonly ProjectionView[]> {
  return (await callServer<{ items: readonly ProjectionView[] }>(options, await domainPath(options, "/projections")))
    .items;
}

async function list(options: ServerDomainOptions): Promise<void> {
  const items = await read(options);
  if (options.json) return printJson(items);
  if (items.length === 0) return print("the domain has no projections");
  const rows = items.map(({ name, version, kind, view, rows: count, older }) => [
    ...[name, String(version), kind, view, String(count), String(older)],
  ]);
  printTable(["NAME", "VERSION", "KIND", "SQL VIEW", "ROWS", "OLDER"], rows);
  for (const { name, faults } of items)
    for (const { entity_id, reason, since } of faults)
      print(replaceUnprintable(`${name}: ${entity_id} is older since ${since}: ${reason}`));
}

async function rebuild(
  name: string,
  { reason, ...options }: ServerDomainOptions & { readonly reason: string },
): Promise<void> {
  const path = await domainPath(options, `/projections/${encodeURIComponent(name)}/rebuild`);
  const rebuilt = await callServer<Rebuilt>(options, path, {
    ...{ method: "POST", body: { reason }, timeoutMs: WHOLE_DOMAIN_TIMEOUT_MS },
  });
  if (options.json) printJson(rebuilt);
  else print(`${name}: rows of ${rebuilt.entities} entities, ${rebuilt.faults} of them could not be computed`);
  if (rebuilt.faults > 0) process.exitCode = 1;
}

async function verify(wanted: string | undefined, options: ServerDomainOptions): Promise<void> {
  const names =
    wanted === undefined ? (await read(options)).flatMap(({ name, kind }) => (kind === "log" ? [] : [name])) : [wanted];
  const found: (Verified & { readonly name: string })[] = [];
  for (const name of names) {
    const path = await domainPath(options, `/projections/${encodeURIComponent(name)}/verify`);
    const request = { method: "POST", timeoutMs: WHOLE_DOMAIN_TIMEOUT_MS } as const;
    found.push({ name, ...(await callServer<Verified>(options, path, request)) });
  }
  if (options.json) printJson(found);
  else for (const each of found) printVerified(each);
  if (found.some(({ differences }) => differences.length > 0)) process.exitCode = 1;
}

function printVerified({ name, entities, differences }: Verified & { readonly name: string }): void {
  for (const { entity_id, problem } of differences) print(replaceUnprintable(`${name}: ${entity_id}: ${problem}`));
  print(
    differences.length === 0
      ? `${name}: the rows of ${entities} entities are what their function makes of them`
      : `${name}: ${differences.length} of ${entities} entities differ: rollcall projections rebuild mends them`,
  );
}

interface DropOptions extends DomainOptions {
  readonly json: boolean;
}

async function drop(name: string, { domain: wanted, json }: DropOptions): Promise<void> {
  const domain = await withStore(readStoreConfig(process.env), (store) =>
    store.transaction(async (tx) => {
      const chosen = chooseDomain(await domainsWithProjections(tx), wanted, "the store with projections").name;
      const names = (await readProjections(tx, chosen)).map((each) => each.name);
      if (!names.includes(name))
        throw new UsageError(`no projection ${name} of ${chosen}: there are ${names.join(", ")}`);
      await dropServed(tx, chosen, name);
      return chosen;
    }),
  );
  if (json) printJson({ domain, dropped: name });
  else print(`${name} of ${domain} is dropped: a start whose code has it makes and fills it anew`);
}
