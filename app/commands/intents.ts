import { userInfo } from "node:os";
import type { Command } from "commander";
import type { WaitingIntent } from "../http/intents/intents.routes.ts";
import { formatAge } from "../http/server/text-format.ts";
import { colors, print, printJson, printTable, replaceUnprintable } from "../terminal/output.ts";
import { callServer } from "../terminal/server-client.ts";
import { domainPath, type ServerDomainOptions, withServerDomainOptions } from "../terminal/server-domains.ts";

export function addCommands(program: Command): void {
  const intents = program.command("intents").description("what the backends of a domain of a running system do");
  withServerDomainOptions(intents.command("list"))
    .description("intents that are not done yet, as their effects say, and what the store refuses")
    .action(list);
  withServerDomainOptions(intents.command("end"))
    .description("ends an intent without an outcome, whatever it waits for; the decision is journaled and stored")
    .argument("<id>", "of the intent: rollcall explain --json and rollcall intents list have it")
    .requiredOption("--reason <text>", "why; it is stored with the decision")
    .option("--by <name>", "who decides this", userInfo().username)
    .action(end);
}

async function list(options: ServerDomainOptions): Promise<void> {
  const path = await domainPath(options, "/intents");
  const { items, not_yet } = await callServer<{ items: readonly WaitingIntent[]; not_yet: number }>(options, path);
  if (options.json) return printJson(items);
  if (items.length === 0) return print("none waits");
  const now = Date.now();
  const rows = items.map(({ id, type, entity_id, status, since, note }) => [
    ...[id ?? "", type, entity_id ?? "", status === "not_yet" ? "not yet" : "refused", formatAge(since, now)],
    note.slice(0, 100),
  ]);
  printTable(["ID", "TYPE", "ENTITY", "STATUS", "SINCE", "NOTE"], rows);
  const shown = items.filter(({ status }) => status === "not_yet").length;
  if (not_yet > shown) print(colors.dim(`... and ${not_yet - shown} more that are not done yet`));
}

async function end(
  id: string,
  { reason, by, ...options }: ServerDomainOptions & { readonly reason: string; readonly by: string },
): Promise<void> {
  const path = await domainPath(options, `/intents/${encodeURIComponent(id)}/end`);
  const ended = await callServer<{ readonly type: string; readonly entity_id: string }>(options, path, {
    method: "POST",
    query: { by, reason },
  });
  if (options.json) return printJson(ended);
  print(replaceUnprintable(`${ended.type} of ${ended.entity_id} ends: ${reason}`));
}
