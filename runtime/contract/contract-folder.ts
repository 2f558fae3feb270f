import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { isAbsolute, join, relative, sep } from "node:path";
import type { Diagnostic } from "./diagnostic.ts";

export const FILE_BYTES_MAX = 1_048_576;

export interface ContractFile {
  readonly file: string;
  readonly text: string;
}

/** The contract files of a folder, by name. What can't be read is a problem of that file, never an exception. */
export function readContractFolder(dir: string): { files: readonly ContractFile[]; problems: readonly Diagnostic[] } {
  const files: ContractFile[] = [];
  const problems: Diagnostic[] = [];
  const refuse = (file: string, code: string, message: string) =>
    problems.push({ file, line: 1, column: 1, width: 1, excerpt: "", code, severity: "error", message });
  let names: readonly string[] = [];
  try {
    names = readdirSync(dir)
      .filter((name) => /\.ya?ml$/.test(name))
      .toSorted();
  } catch (error) {
    refuse(dir, "RC001", `the folder can't be read: ${(error as Error).message}`);
  }
  for (const file of names.map((name) => join(dir, name)))
    try {
      const about = statSync(file);
      if (lstatSync(file).isSymbolicLink() && !isInside(realpathSync(dir), realpathSync(file)))
        refuse(file, "RC001", "a link to a file outside of the folder");
      else if (!about.isFile()) refuse(file, "RC001", "not a file");
      else if (about.size > FILE_BYTES_MAX) refuse(file, "RC004", `${about.size} bytes: a contract has at most 1 MiB`);
      // The byte order mark goes, so that the columns are those that an editor shows.
      else files.push({ file, text: readFileSync(file, "utf8").replace(/^\uFEFF/, "") });
    } catch (error) {
      refuse(file, "RC001", `the file can't be read: ${(error as Error).message}`);
    }
  return { files, problems };
}

function isInside(dir: string, file: string): boolean {
  const path = relative(dir, file);
  return path !== ".." && !path.startsWith(`..${sep}`) && !isAbsolute(path);
}
