import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../tidy/sources.ts";
import type { Installed } from "./installed.ts";

/** As strict as a consumer can be, with the types of nothing but what is installed. */
export const STRICT = {
  target: "ES2022",
  module: "NodeNext",
  strict: true,
  skipLibCheck: false,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  rewriteRelativeImportExtensions: true,
  types: [],
};
const TSC = join(ROOT, "node_modules/typescript/bin/tsc");

/** Compiles all of a folder, beside its sources. Returns what the compiler complains of. */
export async function compile(installed: Installed, folder: string): Promise<string> {
  return compileProject(installed.write(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions: STRICT })));
}

/** The same by the project's own tsconfig.json. */
export function compileProject(project: string): Promise<string> {
  return promisify(execFile)(process.execPath, [TSC, "-p", project]).then(
    () => "",
    ({ stdout, stderr }: { stdout: string; stderr: string }) => `${stdout}${stderr}`,
  );
}
