import { userInfo } from "node:os";
import type { Command } from "commander";
import { retireDomain } from "../../runtime/shell/partitions/served-domains.ts";
import { storedDomains } from "../../runtime/stored/domains.ts";
import { readStoreConfig } from "../host/config.ts";
import { formatAge } from "../http/server/text-format.ts";
import { withStore } from "../terminal/open-store.ts";
import { colors, print, printJson, printTable } from "../terminal/output.ts";

interface RetireOptions {
  readonly reason: string;
  readonly by: string;
  readonly json: boolean;
}

export function addCommands(program: Command): void {
  const domains = program
    .command("domains")
    .description("the domains of the store: DATABASE_URL, or the data folder when no process has it open");
  domains
    .command("list", { isDefault: true })
    .description("who serves them, since when nobody does, how many entities they have")
    .option("--json", "print JSON", false)
    .action(list);
  domains
    .command("retire")
    .description(
      "a domain is not to be served any more: it is no trouble that nobody does. Refused while it is served. " +
        "Everything stored of it stays, and goes on if it is ever started again",
    )
    .argument("<domain>", "as rollcall domains lists it")
    .requiredOption("--reason <text>", "why; it is stored with the decision")
    .option("--by <name>", "who decides this", userInfo().username)
    .option("--json", "print JSON", false)
    .action(retire);
}

async function list({ json }: { readonly json: boolean }): Promise<void> {
  const domains = await withStore(readStoreConfig(process.env), storedDomains);
  if (json) return printJson(domains);
  if (domains.length === 0) return print("no domains: nothing was served from this store yet");
  const now = Date.now();
  const rows = domains.map(({ domain, status, partitions, owners, entities, lastServedAt, consumerGroup }) => [
    ...[domain, status, String(partitions), String(entities), formatAge(lastServedAt.toISOString(), now)],
    ...[consumerGroup ?? "", owners.map(processOf).join(", ")],
  ]);
  const head = ["DOMAIN", "STATUS", "PARTITIONS", "ENTITIES", "LAST SERVED", "GROUP", "SERVED BY"];
  printTable(head, rows, (cell, column) => (column === 1 && cell === "unserved" ? colors.yellow(cell) : cell));
}

/** Without the id of the start. */
const processOf = (owner: string): string => owner.split(":").slice(0, 2).join(":");

async function retire(domain: string, { reason, by: who, json }: RetireOptions): Promise<void> {
  const left = await withStore(readStoreConfig(process.env), (store) => retireDomain(store, domain, { who, reason }));
  if (json) return printJson({ domain, ...left });
  const { entities, intents, deadLetters } = left;
  print(`${domain} is retired. Its ${entities} entities, ${intents} unfinished intents, ${deadLetters} dead letters,`);
  print("its journal and what it wrote to backends stay; it goes on with them if it is started again");
}
