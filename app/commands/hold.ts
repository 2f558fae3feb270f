import { userInfo } from "node:os";
import type { Command } from "commander";
import type { Hold } from "../http/health/holds.routes.ts";
import { callServer, withServerOptions, type ServerOptions } from "../terminal/server-client.ts";
import { colorsOf, print, replaceUnprintable, printJson, formatTable } from "../terminal/output.ts";

interface ReleaseOptions extends ServerOptions {
  readonly reason?: string;
  readonly by: string;
}

export function addHoldCommands(program: Command): void {
  const hold = program.command("hold").description("expiries and deletions held because too many would happen at once");
  withServerOptions(hold.command("list"))
    .description("holds in force")
    .option("--all", "also holds that have ended", false)
    .action(list);
  withServerOptions(hold.command("release"))
    .description("releases a hold at once; the decision is logged and stored")
    .argument("<domain>")
    .argument("<subject>", "the state whose expiry is held, or the backend whose deletions are")
    .option("--reason <text>", "why; it is stored with the decision")
    .option("--by <name>", "who decides this", userInfo().username)
    .action(release);
}

async function list({ all, ...options }: ServerOptions & { readonly all: boolean }): Promise<void> {
  const { items } = await callServer<{ items: readonly Hold[] }>(options, "/api/v1/holds");
  const shown = items.filter(({ in_force }) => all || in_force);
  if (options.json) return printJson(shown);
  if (shown.length === 0) return print("no holds");
  const rows = shown.map(({ domain, subject, kind, held_at, count, of, released_at, released_by, reason }) => [
    ...[domain, subject, kind, `${count} of ${of}`, held_at.slice(0, 19)],
    released_at === null ? "" : `${released_at.slice(0, 19)} by ${released_by ?? "itself"}`,
    reason ?? "",
  ]);
  print(
    formatTable(
      ["DOMAIN", "SUBJECT", "HELD", "AT ONCE", "SINCE", "RELEASED", "REASON"],
      rows,
      colorsOf(process.stdout),
    ),
  );
}

async function release(domain: string, subject: string, { reason, by, ...options }: ReleaseOptions): Promise<void> {
  const path = `/api/v1/holds/${encodeURIComponent(domain)}/${encodeURIComponent(subject)}/release`;
  const hold = await callServer<Hold>(options, path, { method: "POST", query: { by, reason } });
  if (options.json) return printJson(hold);
  print(replaceUnprintable(`${hold.kind} of ${hold.subject} released: ${hold.reason ?? "no reason given"}`));
}
