import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "./places.mjs";

const TSC = join(ROOT, "node_modules/typescript-native/bin/tsc");
const IMPORT = /((?:\bfrom |\bimport\()"(\.[^"]+))\.ts"/g;

/** The types of everything that the entries of ops/build/tsconfig.json reach, and more, in a folder. */
export const emitDeclarations = (folder) =>
  promisify(execFile)(process.execPath, [TSC, "-p", join(ROOT, "ops/build"), "--outDir", folder]).catch(({ stdout }) => {
    throw new Error(`the types can't be made:\n${stdout}`);
  });

/**
 * Copies the types of modules and of what these import, and nothing else: what is within takes types of other packages
 * that a consumer may not have.
 * @param {{ from: string, to: string, entries: readonly string[] }} _ entries as `client/index`
 */
export function copyDeclarations({ from, to, entries }) {
  rmSync(to, { recursive: true, force: true });
  const found = new Set(entries);
  for (const module of found) {
    const text = readFileSync(join(from, `${module}.d.ts`), "utf8");
    for (const [, , imported] of text.matchAll(IMPORT)) found.add(normalize(join(dirname(module), imported)));
    const target = join(to, `${module}.d.ts`);
    mkdirSync(dirname(target), { recursive: true });
    // A compiler leaves them as they were written.
    writeFileSync(target, text.replace(IMPORT, '$1.js"'));
  }
}
