import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chown, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import type { Service } from "./instance.ts";
import { postgresBinDir, ServicesImpossible } from "./programs.ts";
import { run, succeeds } from "./run.ts";

export const databaseUrlAt = (port: number): string => `postgres://rollcall@127.0.0.1:${port}/rollcall`;

/** The distribution's Postgres. It refuses to run as root: then it and its data belong to the user `postgres`. */
export async function postgresServer(dir: string, port: number): Promise<Service> {
  const binDir = await postgresBinDir();
  if (binDir === undefined) throw new ServicesImpossible("no initdb");
  const owner = await postgresOwner();
  const dataDir = await dataDirFor(dir, owner);
  const preload = existsSync(join(binDir, "../lib/pg_stat_statements.so"))
    ? ["-c", "shared_preload_libraries=pg_stat_statements"]
    : [];
  return {
    name: "postgres",
    dataDir,
    stopSignal: "SIGINT",
    answers: () => postgresAnswers(databaseUrlAt(port)),

    async prepare() {
      await mkdir(dataDir, { recursive: true, mode: 0o700 });
      if (owner !== undefined) await chown(dataDir, owner.uid, owner.gid);
      const as = { ...owner, cwd: "/" };
      const initArgs = ["-D", dataDir, "-U", "rollcall", "--auth=trust", "--encoding=UTF8", "--no-locale"];
      await run(join(binDir, "initdb"), initArgs, as);
      const input = "create database rollcall;\n";
      await run(join(binDir, "postgres"), ["--single", "-D", dataDir, "postgres"], { ...as, input });
    },

    command: () => ({
      program: join(binDir, "postgres"),
      args: [
        ...["-D", dataDir, "-p", String(port)],
        ...["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=200"],
        ...preload,
      ],
      logFile: join(dir, "postgres.log"),
      ...owner,
    }),
  };
}

export async function postgresOwner(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  return { uid: Number(await run("id", ["-u", "postgres"])), gid: Number(await run("id", ["-g", "postgres"])) };
}

/** Beside the rest, unless the checkout is in a folder that Postgres' user may not enter, such as root's home. */
async function dataDirFor(dir: string, owner: { uid: number; gid: number } | undefined): Promise<string> {
  await mkdir(dir, { recursive: true });
  if (owner === undefined || (await succeeds("test", ["-x", dir], { ...owner, cwd: "/" })))
    return join(dir, "postgres");
  const suffix = createHash("sha256").update(dir).digest("hex").slice(0, 8);
  return join(tmpdir(), `rollcall-postgres-${suffix}`);
}

export async function postgresAnswers(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: 2_000 });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("select 1");
  } finally {
    await client.end();
  }
}
