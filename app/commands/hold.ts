import { userInfo } from "node:os";
import type { Command } from "commander";
import type { Hold } from "../http/health/holds.routes.ts";
import { ask, asksServer, type ServerOptions } from "../terminal/server-client.ts";
import { colorsOf, print, printable, printJson, table } from "../terminal/output.ts";

interface ReleaseOptions extends ServerOptions {
  readonly reason?: string;
  readonly by: string;
}

export function addHoldCommands(program: Command): void {
  const hold = program.command("hold").description("what is held because too much would go at once");
  asksServer(hold.command("list"))
    .description("holds in force; with --all those that are over as well")
    .option("--all", "those that are over as well", false)
    .action(list);
  asksServer(hold.command("release"))
    .description("an operator's word: what is held may go, at once. It is logged and kept")
    .argument("<domain>")
    .argument("<subject>", "the state whose expiry is held, or the backend whose deletions are")
    .option("--reason <text>", "why, for those who ask later")
    .option("--by <name>", "who decides this", userInfo().username)
    .action(release);
}

async function list({ all, ...options }: ServerOptions & { readonly all: boolean }): Promise<void> {
  const { items } = await ask<{ items: readonly Hold[] }>(options, "/api/v1/holds");
  const shown = items.filter(({ in_force }) => all || in_force);
  if (options.json) return printJson(shown);
  if (shown.length === 0) return print("nothing is held");
  const rows = shown.map(({ domain, subject, kind, held_at, count, of, released_at, released_by, reason }) => [
    ...[domain, subject, kind, `${count} of ${of}`, held_at.slice(0, 19)],
    released_at === null ? "" : `${released_at.slice(0, 19)} by ${released_by ?? "itself"}`,
    reason ?? "",
  ]);
  print(table(["DOMAIN", "SUBJECT", "HELD", "AT ONCE", "SINCE", "RELEASED", "REASON"], rows, colorsOf(process.stdout)));
}

async function release(domain: string, subject: string, { reason, by, ...options }: ReleaseOptions): Promise<void> {
  const path = `/api/v1/holds/${encodeURIComponent(domain)}/${encodeURIComponent(subject)}/release`;
  const hold = await ask<Hold>(options, path, { method: "POST", query: { by, reason } });
  if (options.json) return printJson(hold);
  print(printable(`${hold.kind} of ${hold.subject} is released: ${hold.reason ?? "no reason given"}`));
}
