import { accessSync, constants, readdirSync } from "node:fs";
import { join } from "node:path";
import { chromiumPath } from "../../page/chromium.ts";
import { run, succeeds, tell } from "./run.ts";

/** This machine can't run the services, and another try would not help. */
export class ServicesImpossible extends Error {}

const isRoot = process.getuid?.() === 0;
const versionedPostgresDir = "/usr/lib/postgresql";

interface Requirement {
  readonly program: string;
  readonly debianPackage: string;
  isThere(): Promise<boolean>;
}

export const java: Requirement = {
  program: "java",
  debianPackage: "default-jre-headless",
  isThere: () => succeeds("java", ["-version"]),
};

export const maven: Requirement = {
  program: "mvn",
  debianPackage: "maven",
  isThere: () => succeeds("mvn", ["--version"]),
};

export const postgres: Requirement = {
  program: "initdb",
  debianPackage: "postgresql",
  isThere: () => postgresBinDir().then((dir) => dir !== undefined),
};

/** For the tests of the page. */
export const chromium: Requirement = {
  program: "chromium",
  debianPackage: "chromium",
  isThere: async () => chromiumPath() !== undefined,
};

export const prometheus: Requirement = {
  program: "prometheus and promtool",
  debianPackage: "prometheus",
  isThere: async () => (await succeeds("prometheus", ["--version"])) && succeeds("promtool", ["--version"]),
};

/** Debian puts it beside programs of administrators, which are not in everybody's PATH. */
export const pgbouncer: Requirement = {
  program: "pgbouncer",
  debianPackage: "pgbouncer",
  isThere: async () => (await pgbouncerProgram()) !== undefined,
};

export async function pgbouncerProgram(): Promise<string | undefined> {
  for (const program of ["pgbouncer", "/usr/sbin/pgbouncer"])
    if (await succeeds(program, ["--version"])) return program;
  return undefined;
}

/** Where `initdb` and `postgres` are. Debian keeps them out of the PATH, one folder a version. */
export async function postgresBinDir(): Promise<string | undefined> {
  const named = await run("pg_config", ["--bindir"]).catch(() => "");
  return [named.trim(), ...versionedBinDirs()].find((dir) => dir !== "" && isExecutable(join(dir, "initdb")));
}

function versionedBinDirs(): readonly string[] {
  try {
    const versions = readdirSync(versionedPostgresDir).sort((a, b) => Number(b) - Number(a));
    return versions.map((version) => join(versionedPostgresDir, version, "bin"));
  } catch {
    return [];
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Installs what is missing where that is possible: as root on a Debian.
 * @throws ServicesImpossible with the command that would help
 */
export async function requirePrograms(requirements: readonly Requirement[]): Promise<void> {
  const there = await Promise.all(requirements.map((requirement) => requirement.isThere()));
  const missing = requirements.filter((_, index) => !there[index]);
  if (missing.length === 0) return;
  const packages = missing.map(({ debianPackage }) => debianPackage);
  const programs = missing.map(({ program }) => program).join(", ");
  const remedy = `missing: ${programs}; apt-get install ${packages.join(" ")}`;
  if (!isRoot) throw new ServicesImpossible(remedy);
  tell(`${remedy} (doing it)`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  try {
    await run("apt-get", ["-qq", "update"], { env });
    await run("apt-get", ["-qq", "install", "--yes", "--no-install-recommends", ...packages], { env });
  } catch (cause) {
    throw new ServicesImpossible(`${remedy}: ${String(cause)}`, { cause });
  }
}
