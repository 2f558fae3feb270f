import { execFile } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../tidy/sources.ts";

const run = promisify(execFile);
/** What root becomes, who may write everywhere: nobody. */
const NOBODY = 65_534;
export const OTHER_USER = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

export interface Packed {
  readonly filename: string;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

/** Both packages as `npm pack` makes them, or would. */
export async function pack(...more: readonly string[]): Promise<{ rollcall: Packed; client: Packed }> {
  const args = ["pack", "--json", "--ignore-scripts", "--workspace", "client", "--include-workspace-root", ...more];
  const { stdout } = await run("npm", args, { cwd: ROOT, maxBuffer: 1 << 26 });
  const packed = JSON.parse(stdout) as readonly (Packed & { readonly name: string })[];
  const named = (name: string): Packed => {
    const found = packed.find((each) => each.name === name);
    if (!found) throw new Error(`npm pack has not made ${name}`);
    return found;
  };
  return { rollcall: named("rollcall"), client: named("rollcall-client") };
}

// A package that wants another Node than ours does is refused.
const INSTALL = ["install", "--omit=dev", "--engine-strict", "--prefer-offline", "--no-audit", "--no-fund"];

export const npmInstall = (folder: string, ...packages: readonly string[]): Promise<unknown> =>
  run("npm", [...INSTALL, ...packages], { cwd: folder });

/**
 * Installs both packages in a folder of its own, for a user who may write beside them but not to them.
 * @returns the folder; its parent has the packed files
 */
export async function installPackages(): Promise<string> {
  const parent = mkdtempSync(join(tmpdir(), "rollcall-package-"));
  // With a space, as people have them.
  const folder = join(parent, "my project");
  const data = join(folder, "data");
  mkdirSync(data, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  const { rollcall, client } = await pack("--pack-destination", parent);
  const files = [rollcall, client].map(({ filename }) => join(parent, filename));
  await npmInstall(folder, ...files);
  chmodSync(parent, 0o755);
  if (OTHER_USER.uid !== undefined) chownSync(data, NOBODY, NOBODY);
  else await run("chmod", ["-R", "a-w", join(folder, "node_modules")]);
  return folder;
}

export async function removePackages(folder: string): Promise<void> {
  if (OTHER_USER.uid === undefined) await run("chmod", ["-R", "u+w", folder]);
  rmSync(join(folder, ".."), { recursive: true, force: true });
}
