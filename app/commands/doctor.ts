import type { Command } from "commander";
import type { DoctorCheck } from "../http/health/troubles.ts";
import { callServer, withServerOptions, type ServerOptions } from "../terminal/server-client.ts";
import { type Colors, colorsOf, print, replaceUnprintable, printJson } from "../terminal/output.ts";

interface DoctorReport {
  readonly ok: boolean;
  readonly checked_at: string;
  readonly checks: readonly DoctorCheck[];
}

export function addDoctorCommands(program: Command): void {
  withServerOptions(program.command("doctor"))
    .description("examines every part of a running system; exits 1 on a finding")
    .action(doctor);
}

async function doctor(options: ServerOptions): Promise<void> {
  const report = await callServer<DoctorReport>(options, "/api/v1/doctor").catch((error: unknown): DoctorReport => {
    const detail = error instanceof Error ? error.message : String(error);
    const check: DoctorCheck = { name: "server", level: "finding", detail };
    return { ok: false, checked_at: new Date().toISOString(), checks: [check] };
  });
  if (options.json) printJson(report);
  else {
    const colors = colorsOf(process.stdout);
    const width = Math.max(...report.checks.map(({ name }) => name.length));
    for (const check of report.checks) print(checkText(check, width, colors));
  }
  if (!report.ok) process.exitCode = 1;
}

function checkText({ name, level, detail, remedy }: DoctorCheck, width: number, colors: Colors): string {
  const mark = { ok: colors.green("ok     "), note: colors.yellow("note   "), finding: colors.red("FINDING") }[level];
  const text = `${mark}  ${name.padEnd(width)}  ${replaceUnprintable(detail)}`;
  return remedy === undefined ? text : `${text}\n${" ".repeat(width + 11)}-> ${replaceUnprintable(remedy)}`;
}
