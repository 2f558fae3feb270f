import { userInfo } from "node:os";
import type { Command } from "commander";
import type { DoctorCheck } from "../http/health/doctor.routes.ts";
import type { Hold } from "../http/health/holds.routes.ts";
import { callServer, ServerProblem, type ServerOptions, withServerOptions } from "../terminal/server-client.ts";
import {
  pathOfDomain,
  type ServerDomainOptions,
  wantedDomains,
  withServerDomainOptions,
} from "../terminal/server-domains.ts";
import { colors, print, printJson, printTable, replaceUnprintable } from "../terminal/output.ts";

export function addCommands(program: Command): void {
  withServerDomainOptions(program.command("doctor"))
    .description("examines every part of a running system, for each domain; exits 1 on a finding")
    .action(doctor);
  withServerDomainOptions(program.command("reload"))
    .description(
      "for each domain: puts the contracts of the server's folder in force, for every process, or changes nothing " +
        "and says why (exit 1); as SIGHUP does",
    )
    .action(reload);
  const hold = program.command("hold").description("expiries and deletions held because too many would happen at once");
  withServerDomainOptions(hold.command("list"))
    .description("holds in force")
    .option("--all", "also holds that have ended", false)
    .action(listHolds);
  withServerOptions(hold.command("release"))
    .description("releases a hold at once; the decision is logged and stored")
    .argument("<domain>", "whose hold it is")
    .argument("<subject>", "the state whose expiry is held, or the backend whose deletions are")
    .option("--reason <text>", "why; it is stored with the decision")
    .option("--by <name>", "who decides this", userInfo().username)
    .action(releaseHold);
}

interface DoctorReport {
  readonly ok: boolean;
  readonly checked_at: string;
  readonly checks: readonly DoctorCheck[];
}

async function doctor({ domain, ...options }: ServerDomainOptions): Promise<void> {
  const report = await callServer<DoctorReport>(options, "/api/v1/doctor", { query: { domain } }).catch(
    (error: unknown): DoctorReport => {
      const detail = error instanceof Error ? error.message : String(error);
      const check: DoctorCheck = { domain: null, name: "server", level: "finding", detail };
      return { ok: false, checked_at: new Date().toISOString(), checks: [check] };
    },
  );
  const isOfSeveral = new Set(report.checks.flatMap((check) => check.domain ?? [])).size > 1;
  const named = report.checks.map((check) => ({
    ...check,
    name: isOfSeveral && check.domain !== null ? `${check.domain}: ${check.name}` : check.name,
  }));
  const width = Math.max(...named.map(({ name }) => name.length));
  if (options.json) printJson(report);
  else for (const check of named) print(checkText(check, width));
  if (!report.ok) process.exitCode = 1;
}

function checkText({ name, level, detail, remedy }: DoctorCheck, width: number): string {
  const mark = { ok: colors.green("ok     "), note: colors.yellow("note   "), finding: colors.red("FINDING") }[level];
  const text = `${mark}  ${name.padEnd(width)}  ${replaceUnprintable(detail)}`;
  return remedy === undefined ? text : `${text}\n${" ".repeat(width + 11)}-> ${replaceUnprintable(remedy)}`;
}

type Reloaded = { readonly hash: string; readonly changed: boolean } | { readonly refused: string };

async function reload(options: ServerDomainOptions): Promise<void> {
  const answers: (Reloaded & { readonly domain: string })[] = [];
  for (const domain of await wantedDomains(options)) answers.push({ domain, ...(await reloadOne(options, domain)) });
  if (options.json) printJson(answers);
  else
    for (const { domain, ...answer } of answers)
      print(replaceUnprintable(`${answers.length > 1 ? `${domain}: ` : ""}${reloadText(answer)}`));
  if (answers.some((answer) => "refused" in answer)) process.exitCode = 1;
}

const reloadOne = (options: ServerDomainOptions, domain: string): Promise<Reloaded> =>
  callServer<Reloaded>(options, pathOfDomain(domain, "/contracts/reload"), { method: "POST" }).catch(
    (error: unknown) => {
      if (error instanceof ServerProblem) return { refused: error.message };
      throw error;
    },
  );

function reloadText(answer: Reloaded): string {
  if ("refused" in answer) return `refused: ${answer.refused}`;
  const inForce = `the contracts ${answer.hash.slice(0, 12)} are in force`;
  return answer.changed ? inForce : `nothing changed: ${inForce} already`;
}

async function listHolds({ all, ...options }: ServerDomainOptions & { readonly all: boolean }): Promise<void> {
  const lists = await Promise.all(
    (await wantedDomains(options)).map((domain) =>
      callServer<{ items: readonly Hold[] }>(options, pathOfDomain(domain, "/holds")),
    ),
  );
  const items = lists.flatMap((list) => list.items);
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
  const path = pathOfDomain(domain, `/holds/${encodeURIComponent(domain)}/${encodeURIComponent(subject)}/release`);
  const hold = await callServer<Hold>(options, path, { method: "POST", query: { by, reason } });
  if (options.json) return printJson(hold);
  print(replaceUnprintable(`${hold.kind} of ${hold.subject} released: ${hold.reason ?? "no reason given"}`));
}
