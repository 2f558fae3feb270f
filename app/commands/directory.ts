import type { Command } from "commander";
import { DIRECTORY_PATH, type DirectoryView } from "../http/directory/directory.routes.ts";
import { print, printJson, printTable, replaceUnprintable } from "../terminal/output.ts";
import { listItems, type ServerOptions, withServerOptions } from "../terminal/server-client.ts";

interface DirectoryOptions extends ServerOptions {
  readonly domain?: string;
  readonly kind?: string;
  readonly status?: string;
  readonly name?: string;
  readonly label: readonly string[];
}

export function addCommands(program: Command): void {
  const command = program
    .command("directory")
    .description("what there is to be found, of all domains of a running system");
  withServerOptions(command)
    .option("--domain <name>", "only of this domain")
    .option("--kind <kind>", "only of this kind")
    .option("--status <status>", "only with this status")
    .option("--name <name>", "only with this name")
    .option("--label <label>", "only with this label; repeated: with all", collect, [])
    .action(list);
}

const collect = (label: string, before: readonly string[]): readonly string[] => [...before, label];

async function list(options: DirectoryOptions): Promise<void> {
  const { domain, kind, status, name, label, json } = options;
  const query = new URLSearchParams(label.map((each): [string, string] => ["label", each]));
  const path = query.size > 0 ? `${DIRECTORY_PATH}?${query.toString()}` : DIRECTORY_PATH;
  const items: DirectoryView["items"] = [];
  const filter = { domain, kind, status, name, limit: "1000" };
  for await (const item of listItems<DirectoryView["items"][number]>(options, path, filter)) items.push(item);
  if (json) return printJson(items);
  if (items.length === 0) return print("there is nothing that fits");
  const rows = items.map(({ domain, id, name, kind, status, endpoints, labels, unserved_since: unserved }) =>
    [domain, id, name, kind, unserved === null ? status : `${status} (unserved since ${unserved})`]
      .concat(endpoints.join(" "), labels.join(" "))
      .map(replaceUnprintable),
  );
  printTable(["DOMAIN", "ID", "NAME", "KIND", "STATUS", "ENDPOINTS", "LABELS"], rows);
}
