import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "./free-ports.ts";
import { postgresAnswers, postgresOwner } from "./postgres.ts";
import { pgbouncer, pgbouncerProgram, requirePrograms, ServicesImpossible } from "./programs.ts";
import { waitUntil } from "./wait-until.ts";

export interface Pgbouncer {
  /** As that of the database, through the pooler. */
  readonly url: string;
  stop(): Promise<void>;
}

/** A pooler in transaction mode before a server that trusts. Undefined, and said: this machine can't have one. */
export async function startPgbouncer(databaseUrl: string): Promise<Pgbouncer | undefined> {
  try {
    await requirePrograms([pgbouncer]);
  } catch (error) {
    if (!(error instanceof ServicesImpossible)) throw error;
    console.error(`!!! SKIPPED: no pgbouncer: ${error.message}`);
    return undefined;
  }
  const url = new URL(databaseUrl);
  const { pooler: port } = await freePorts(["pooler"]);
  const dir = mkdtempSync(join(tmpdir(), "rollcall-pgbouncer-"));
  chmodSync(dir, 0o755);
  const users = join(dir, "users.txt");
  writeFileSync(users, `"${url.username}" ""\n`);
  const file = join(dir, "pgbouncer.ini");
  const settings = [
    ...[`[databases]`, `* = host=${url.hostname} port=${url.port}`, `[pgbouncer]`, `listen_addr = 127.0.0.1`],
    ...[`listen_port = ${port}`, `auth_type = trust`, `auth_file = ${users}`, `pool_mode = transaction`],
    ...[`unix_socket_dir =`, `logfile =`],
  ];
  writeFileSync(file, `${settings.join("\n")}\n`);
  // It refuses to run as root.
  const child = spawn((await pgbouncerProgram()) ?? "", [file], {
    stdio: "ignore",
    cwd: "/",
    ...(await postgresOwner()),
  });
  const ended = once(child, "close");
  url.port = String(port);
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await waitUntil(() => postgresAnswers(url.href), { what: "pgbouncer", timeoutMs: 20_000 });
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: url.href, stop };
}
