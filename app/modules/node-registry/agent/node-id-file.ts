import {
  closeSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { NodeId } from "../../../../contracts/node-registry/messages/fields.ts";

const FILE = "node_id";
/** Where programs of before have left their ids. Whoever reads them there goes on finding the node's id. */
const FORMER_APP = "dagi";

export interface NodeIdFolders {
  /** The first that can be written to is used. */
  readonly own: readonly string[];
  readonly former: readonly string[];
}

/** @param folder instead of those of the system and of the user */
export function nodeIdFolders(app: string, folder?: string): NodeIdFolders {
  const of = (name: string): readonly string[] => [join("/etc", name), join(homedir(), ".config", name)];
  return folder === undefined
    ? { own: of(app), former: app === FORMER_APP ? [] : of(FORMER_APP) }
    : { own: [folder], former: [] };
}

export interface StoredNodeId {
  /** Undefined: there is none, or none that can be believed. */
  readonly id: string | undefined;
  /** Files that hold it, or something else: they get the id that is found in the end. */
  readonly files: readonly string[];
  /** What is wrong, for people. */
  readonly notes: readonly string[];
}

/** A file that is there, but can't be read: to go on would be to make another node of this one. */
export class UnreadableNodeIdError extends Error {}

/**
 * @param derived the id that the node has by its host and role: a part of it is a file that was cut
 * @throws UnreadableNodeIdError with the path and the remedy
 */
export function readNodeId({ own, former }: NodeIdFolders, derived: string): StoredNodeId {
  const files = [...own, ...former].map((folder) => join(folder, FILE));
  const found = files.flatMap((file) => {
    const text = textOf(file);
    return text === undefined ? [] : [{ file, ...parseNodeId(text, derived) }];
  });
  const good = found.find(({ id }) => id !== undefined);
  const notes = found.flatMap(({ file, id, problem }) => {
    if (problem !== undefined) return [`${file} ${problem}: it is written anew`];
    return id === good?.id ? [] : [`${file} has another id, ${id}: ${good?.file} counts`];
  });
  const shared = found.filter(({ id, problem }) => problem !== undefined || id === good?.id);
  return { id: good?.id, files: shared.map(({ file }) => file), notes };
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    const remedy = code === "EISDIR" ? "remove the folder" : "make it readable, or remove it";
    throw new UnreadableNodeIdError(`${file}: ${message}. It should have this node's id: ${remedy}`);
  }
}

/** Lines of Windows, a byte order mark and blanks around it do no harm. */
function parseNodeId(text: string, derived: string): { readonly id?: string; readonly problem?: string } {
  const lines = [
    ...new Set(
      text
        .replace(/^\uFEFF/, "")
        .split(/\r\n|\n|\r/)
        .map((line) => line.trim()),
    ),
  ];
  const [id = "", ...more] = lines.filter((line) => line !== "");
  if (id === "") return { problem: "is empty" };
  if (more.length > 0) return { problem: "has several lines" };
  if (!NodeId.safeParse(id).success) return { problem: "has no id" };
  return id !== derived && derived.startsWith(id) ? { problem: "has half of an id" } : { id };
}

/**
 * Writes the id to the first of the own folders that takes it, and wherever `stored` says; a reader sees the former
 * content or all of this one, also after a crash.
 * @returns what went wrong, for people; the id is the same at the next start, unless it was given
 */
export function writeNodeId(id: string, { own }: NodeIdFolders, stored: StoredNodeId): readonly string[] {
  const others = stored.files.filter((file) => !own.some((folder) => file === join(folder, FILE)));
  const problems: string[] = [];
  const isWritten = own.some((folder) => {
    const problem = writeWhole(join(folder, FILE), id);
    if (problem !== undefined) problems.push(problem);
    return problem === undefined;
  });
  const notes = others.flatMap((file) => writeWhole(file, id) ?? []);
  return isWritten ? notes : [...problems, ...notes];
}

function writeWhole(file: string, id: string): string | undefined {
  const content = `${id}\n`;
  // Each process has its own: of two at once one is the last to rename, and both are whole.
  const fresh = `${file}.${process.pid}`;
  try {
    if (textOf(file) === content) return undefined;
    mkdirSync(dirname(file), { recursive: true });
    try {
      writeSynced(fresh, content);
      renameSync(fresh, file);
    } catch (error) {
      rmSync(fresh, { force: true });
      throw error;
    }
    return undefined;
  } catch (error) {
    return `${file} can't be written: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function writeSynced(file: string, content: string): void {
  const opened = openSync(file, "w", 0o644);
  try {
    writeSync(opened, content);
    // The mode above is less what the process keeps from others.
    fchmodSync(opened, 0o644);
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
}
