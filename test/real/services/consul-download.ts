import { existsSync, readFileSync } from "node:fs";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { downloadsDir } from "./places.ts";
import { ServicesImpossible } from "./programs.ts";
import { run, tell } from "./run.ts";

const consulDir = join(downloadsDir, "consul");
export const consulProgram = join(consulDir, "usr/bin/consul");

/** The last Debian that has the package. */
const donorSuite = "bullseye";
const sourcesDir = "/etc/apt/sources.list.d";

/**
 * Consul by apt from an older Debian, with package lists of its own: the machine's are not touched, nothing is
 * installed.
 * @throws ServicesImpossible
 */
export async function downloadConsul(): Promise<void> {
  if (existsSync(consulDir)) return;
  tell("downloading Consul");
  const workDir = `${consulDir}.partial`;
  try {
    await rm(workDir, { recursive: true, force: true });
    const options = await privateApt(workDir);
    await run("apt-get", ["-qq", ...options, "update"]);
    await run("apt-get", ["-qq", ...options, "download", "consul"], { cwd: workDir });
    const archive = (await readdir(workDir)).find((file) => file.endsWith(".deb"));
    if (archive === undefined) throw new Error("apt-get download left no .deb");
    await run("dpkg", ["-x", join(workDir, archive), join(workDir, "unpacked")]);
    await rename(join(workDir, "unpacked"), consulDir);
  } catch (cause) {
    throw new ServicesImpossible(`Consul can't be downloaded: ${String(cause)}`, { cause });
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

async function privateApt(dir: string): Promise<readonly string[]> {
  const at = (name: string): string => join(dir, name);
  for (const name of ["parts", "lists/partial", "cache/archives/partial"]) await mkdir(at(name), { recursive: true });
  await writeFile(at("parts/donor.sources"), await donorSources());
  return [
    ["Dir::Etc::sourcelist", "/dev/null"],
    ["Dir::Etc::sourceparts", at("parts")],
    ["Dir::State::lists", at("lists")],
    ["Dir::Cache", at("cache")],
    ["Acquire::Languages", "none"],
    // apt's own user may not be allowed to look into this checkout.
    ["APT::Sandbox::User", "root"],
  ].flatMap(([key, value]) => ["-o", `${key}=${value}`]);
}

/** The machine's own entry for its Debian release, with another release's name. */
async function donorSources(): Promise<string> {
  const release = /^VERSION_CODENAME=(.+)$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
  const files = (await readdir(sourcesDir)).filter((file) => file.endsWith(".sources"));
  const stanzas = files.flatMap((file) => readFileSync(join(sourcesDir, file), "utf8").split(/\n\s*\n/));
  const own = stanzas.find((stanza) =>
    /^Suites:(.*)$/m
      .exec(stanza)?.[1]
      ?.trim()
      .split(/\s+/)
      .includes(release ?? ""),
  );
  if (own === undefined) throw new Error(`${sourcesDir} has no entry for the Debian release "${release}"`);
  return `${own.replace(/^Suites:.*$/m, `Suites: ${donorSuite}`)}\n`;
}
