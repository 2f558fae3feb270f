import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../tidy/sources.ts";

const PACKAGE = join(ROOT, "client/python");

const sources = (): readonly string[] => [
  join(PACKAGE, "pyproject.toml"),
  ...readdirSync(join(PACKAGE, "rollcall_node"))
    .filter((name) => name.endsWith(".py"))
    .map((name) => join(PACKAGE, "rollcall_node", name)),
];

export interface PythonWithPackage {
  readonly python: string;
  /** What was built and installed. */
  readonly wheel: string;
}

/**
 * A Python with nothing but the package's wheel and what that asks for; or why there is none here. Made anew when a
 * file changes.
 */
export function pythonWithPackage(): PythonWithPackage | { readonly missing: string } {
  const hash = createHash("sha256");
  for (const file of sources()) hash.update(readFileSync(file));
  const folder = join(ROOT, "node_modules/.cache/rollcall-node", hash.digest("hex").slice(0, 16));
  const python = join(folder, "bin/python");
  const isMade = join(folder, "made");
  const wheelIn = (at: string) => readdirSync(at).find((name) => name.endsWith(".whl")) ?? "";
  const made = () => ({ python, wheel: join(folder, wheelIn(folder)) });
  if (existsSync(isMade)) return made();
  // Several files of tests may want it at the same time: each makes its own, and the first is used by all.
  const own = `${folder}.${process.pid}`;
  try {
    mkdirSync(own, { recursive: true });
    execFileSync("python3", ["-m", "venv", own], { stdio: "pipe" });
    const pip = (...args: readonly string[]) =>
      execFileSync(join(own, "bin/python"), ["-m", "pip", ...args, "--quiet"], { stdio: "pipe" });
    pip("wheel", "--no-deps", "--wheel-dir", own, PACKAGE);
    pip("install", join(own, wheelIn(own)));
    writeFileSync(join(own, "made"), "");
    if (!existsSync(isMade)) renameSync(own, folder);
    return made();
  } catch (error) {
    if (existsSync(isMade)) return made();
    const { stderr, message } = error as { readonly stderr?: Buffer; readonly message: string };
    const missing = (stderr?.toString().trim() || message).slice(-500);
    console.error(`!!! the Python package is not tested here: ${missing}`);
    return { missing };
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export const run = (
  file: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(file, args, { env: { ...process.env, ...environment }, cwd: ROOT }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : error ? 1 : 0, stdout, stderr }),
    );
  });
