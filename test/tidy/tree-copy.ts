import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "./sources.ts";

const run = promisify(execFile);
const COPIED = [
  "app",
  "client",
  "contracts",
  "effects",
  "nodes",
  "reducers",
  "runtime",
  "package.json",
  "tsconfig.json",
];

const VALIDATE = `
import { declaredDomains } from "./app/host/declared-domains.ts";
import { SHIPPED } from "./app/modules/shipped.ts";
import { validateDomain } from "./runtime/contract/checks/validate.ts";
const found = declaredDomains(SHIPPED).flatMap(({ directory, code }) => validateDomain(directory, code).diagnostics);
console.log(JSON.stringify(found.map(({ code, file, line, message }) => [code, file, line, message].join(" "))));
`;

const copies: string[] = [];

/** The code without its tests, to be changed at will. */
export function copyOfTheTree(): string {
  const copy = mkdtempSync(join(tmpdir(), "rollcall-copy-"));
  copies.push(copy);
  for (const name of COPIED) cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
  return copy;
}

export const removeCopies = (): void => copies.forEach((copy) => rmSync(copy, { recursive: true, force: true }));

/** What the compiler says, a line each. */
export async function compileErrors(copy: string): Promise<readonly string[]> {
  const tsc = join(ROOT, "node_modules/typescript-native/bin/tsc");
  return run(process.execPath, [tsc, "--noEmit"], { cwd: copy }).then(
    () => [],
    ({ stdout, stderr }: { stdout: string; stderr: string }) => `${stdout}${stderr}`.split("\n").filter(Boolean),
  );
}

/** What the contracts of the copy's shipped domains lack or have too much of. */
export async function contractProblems(copy: string): Promise<readonly string[]> {
  writeFileSync(join(copy, "validate.ts"), VALIDATE);
  const { stdout } = await run(process.execPath, ["--import", "tsx", "validate.ts"], { cwd: copy });
  return JSON.parse(stdout) as string[];
}
