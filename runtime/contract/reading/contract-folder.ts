import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, realpathSync } from "node:fs";
import { isAbsolute, join, relative, sep } from "node:path";
import { type Diagnostic, fileDiagnostic } from "../diagnostics/diagnostic.ts";

export const FILE_BYTES_MAX = 1_048_576;
/** Until two readings in a row are the same. */
const READS_MAX = 4;

export interface ContractFile {
  readonly file: string;
  readonly text: string;
}

/** The contract files of a folder, by name. What can't be read is a problem of that file, never an exception. */
export function readContractFolder(dir: string): { files: readonly ContractFile[]; problems: readonly Diagnostic[] } {
  const files: ContractFile[] = [];
  const problems: Diagnostic[] = [];
  const reportUnreadable = (file: string, code: string, message: string) =>
    problems.push(fileDiagnostic(code, file, message));
  let names: readonly string[] = [];
  try {
    names = readdirSync(dir)
      .filter((name) => /\.ya?ml$/.test(name))
      .toSorted();
  } catch (error) {
    reportUnreadable(dir, "RC001", `the folder can't be read: ${(error as Error).message}`);
  }
  for (const file of names.map((name) => join(dir, name)))
    try {
      const path = realpathSync(file);
      const read = isInside(realpathSync(dir), path)
        ? readStableFile(path)
        : { code: "RC001", message: "a link to a file outside of the folder" };
      if ("code" in read) reportUnreadable(file, read.code, read.message);
      // The byte order mark goes, so that the columns are those that an editor shows.
      else files.push({ file, text: read.text.replace(/^\uFEFF/, "") });
    } catch (error) {
      reportUnreadable(file, "RC001", `the file can't be read: ${(error as Error).message}`);
    }
  return { files, problems };
}

type FileRead = { readonly text: string } | { readonly code: string; readonly message: string };

/**
 * By one descriptor: what was looked at is what is read, whatever the name stands for by then. A pipe does not block.
 */
function readStableFile(path: string): FileRead {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const about = fstatSync(file);
    if (!about.isFile()) return { code: "RC001", message: "not a file" };
    if (about.size > FILE_BYTES_MAX) return { code: "RC004", message: tooLarge(about.size) };
    let previous = readAll(file);
    for (let readings = 1; readings < READS_MAX && previous.length <= FILE_BYTES_MAX; readings++) {
      const again = readAll(file);
      if (again.equals(previous)) return { text: again.toString("utf8") };
      previous = again;
    }
    if (previous.length > FILE_BYTES_MAX) return { code: "RC004", message: tooLarge(previous.length) };
    return { code: "RC001", message: "the file changes while it is read: try again" };
  } finally {
    closeSync(file);
  }
}

const tooLarge = (bytes: number): string => `${bytes} bytes: a contract has at most 1 MiB`;

/** From its beginning, at most a byte more than a contract may have. */
function readAll(file: number): Buffer {
  const bytes = Buffer.allocUnsafe(FILE_BYTES_MAX + 1);
  let length = 0;
  for (let read = -1; read !== 0 && length < bytes.length; length += read)
    read = readSync(file, bytes, length, bytes.length - length, length);
  return bytes.subarray(0, length);
}

function isInside(dir: string, file: string): boolean {
  const path = relative(dir, file);
  return path !== ".." && !path.startsWith(`..${sep}`) && !isAbsolute(path);
}
