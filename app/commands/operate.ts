import { userInfo } from "node:os";
import type { Command } from "commander";
import type { DoctorCheck } from "../http/health/doctor.routes.ts";
import type { Hold } from "../http/health/holds.routes.ts";
import { callServer, withServerOptions, type ServerOptions } from "../terminal/server-client.ts";
import { colors, print, printJson, printTable, replaceUnprintable } from "../terminal/output.ts";

export function addCommands(program: Command): void {
  withServerOptions(program.command("doctor"))
    .description("examines every part of a running system; exits 1 on a finding")
    .option("--domain <name>", "only this domain; default: every one")
    .action(doctor);
  withServerOptions(program.command("reload"))
    .description(
      "puts the contracts of the server's folder in force, for every process, or changes nothing and says why; " +
        "as SIGHUP does",
    )
    .action(reload);
  const hold = program.command("hold").description("expiries and deletions held because too many would happen at once");
  withServerOptions(hold.command("list"))
    .description("holds in force")
    .option("--all", "also holds that have ended", false)
    .action(listHolds);
  withServerOptions(hold.command("release"))
    .description("releases a hold at once; the decision is logged and stored")
    .argument("<domain>")
    .argument("<subject>", "the state whose expiry is held, or the backend whose deletions are")
    .option("--reason <text>", "why; it is stored with the decision")
    .option("--by <name>", "who decides this", userInfo().username)
    .action(releaseHold);
}

async function doctor({ domain, ...options }: ServerOptions & { readonly domain?: string }): Promise<void> {
  const report = await callServer<{ ok: boolean; checked_at: string; checks: DoctorCheck[] }>(
    options,
    "/api/v1/doctor",
    { query: { domain } },
  ).catch((error: unknown) => {
    const detail = error instanceof Error ? error.message : String(error);
    const check: DoctorCheck = { domain: null, name: "server", level: "finding", detail };
    return { ok: false, checked_at: new Date().toISOString(), checks: [check] };
  });
  const domains = new Set(report.checks.flatMap((check) => check.domain ?? []));
  const nameOf = ({ domain: of, name }: DoctorCheck): string =>
    of === null || domains.size === 1 ? name : `${of}: ${name}`;
  const width = Math.max(...report.checks.map((check) => nameOf(check).length));
  if (options.json) printJson(report);
  else for (const check of report.checks) print(checkText({ ...check, name: nameOf(check) }, width));
  if (!report.ok) process.exitCode = 1;
}

function checkText({ name, level, detail, remedy }: DoctorCheck, width: number): string {
  const mark = { ok: colors.green("ok     "), note: colors.yellow("note   "), finding: colors.red("FINDING") }[level];
  const text = `${mark}  ${name.padEnd(width)}  ${replaceUnprintable(detail)}`;
  return remedy === undefined ? text : `${text}\n${" ".repeat(width + 11)}-> ${replaceUnprintable(remedy)}`;
}

async function reload(options: ServerOptions): Promise<void> {
  const answer = await callServer<{ hash: string; changed: boolean }>(options, "/api/v1/contracts/reload", {
    method: "POST",
  });
  if (options.json) return printJson(answer);
  const inForce = `the contracts ${answer.hash.slice(0, 12)} are in force`;
  print(answer.changed ? inForce : `nothing changed: ${inForce} already`);
}

async function listHolds({ all, ...options }: ServerOptions & { readonly all: boolean }): Promise<void> {
  const { items } = await callServer<{ items: readonly Hold[] }>(options, "/api/v1/holds");
  const shown = items.filter(({ in_force }) => all || in_force);
  if (options.json) return printJson(shown);
  if (shown.length === 0) return print("no holds");
  const rows = shown.map(({ domain, subject, kind, held_at, count, of, released_at, released_by, reason }) => [
    ...[domain, subject, kind, `${count} of ${of}`, held_at.slice(0, 19)],
    released_at === null ? "" : `${released_at.slice(0, 19)} by ${released_by ?? "itself"}`,
    reason ?? "",
  ]);
  printTable(["DOMAIN", "SUBJECT", "HELD", "AT ONCE", "SINCE", "RELEASED", "REASON"], rows);
}

async function releaseHold(
  domain: string,
  subject: string,
  { reason, by, ...options }: ServerOptions & { readonly reason?: string; readonly by: string },
): Promise<void> {
  const path = `/api/v1/holds/${encodeURIComponent(domain)}/${encodeURIComponent(subject)}/release`;
  const hold = await callServer<Hold>(options, path, { method: "POST", query: { by, reason } });
  if (options.json) return printJson(hold);
  print(replaceUnprintable(`${hold.kind} of ${hold.subject} released: ${hold.reason ?? "no reason given"}`));
}
