import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { join } from "node:path";

const RUN_ID = /^[A-Za-z0-9._:-]{1,255}$/;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What a node knows of runs beside its store: which of them it has ever begun. */
export class RunFolder {
  readonly #folder: string;
  /** By which the processes of this folder's runs are known. */
  readonly id: string;

  /** @throws Error with the path, when it can't be written to */
  constructor(folder: string) {
    this.#folder = join(folder, "started");
    // Runs may be of other users, and what is here is none of their business.
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    this.id = idOf(folder);
  }

  /**
   * Notes that a run begins, before it does, so that no crash makes it begin twice.
   * @returns false when it has begun before
   */
  begin(runId: string): boolean {
    try {
      const file = openSync(this.#pathOf(runId), "wx", 0o600);
      fsyncSync(file);
      closeSync(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    }
    syncFolder(this.#folder);
    return true;
  }

  hasBegun(runId: string): boolean {
    try {
      closeSync(openSync(this.#pathOf(runId), "r"));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
      throw error;
    }
  }

  forget(runId: string): void {
    rmSync(this.#pathOf(runId), { force: true });
  }

  #pathOf(runId: string): string {
    if (!RUN_ID.test(runId) || runId === "." || runId === "..")
      throw new Error(`${JSON.stringify(runId)} is no run id`);
    return join(this.#folder, runId);
  }
}

/** A file that was cut gets another id: processes of before are not found by it, what was begun still is. */
function idOf(folder: string): string {
  const path = join(folder, "node-id");
  const known = textOf(path).trim();
  if (UUID.test(known)) return known;
  const id = randomUUID();
  const fresh = `${path}.${process.pid}`;
  const file = openSync(fresh, "w", 0o600);
  writeSync(file, `${id}\n`);
  fsyncSync(file);
  closeSync(file);
  renameSync(fresh, path);
  syncFolder(folder);
  return id;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  fsyncSync(handle);
  closeSync(handle);
}
