import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../core/fault.ts";
import { isAlive, thisProcess, type ProcessIdentity } from "./process-identity.ts";

const touchEveryMs = 2_000;
/** The lock of another machine, whose processes we can't see, is stale when it was not touched for this long. */
const staleAfterMs = 15_000;

/**
 * One process per directory. The lock is a file that names its holder by pid, start time and host, so that a lock left
 * by a crash is recognised although its pid may belong to another process by now.
 */
export class DirectoryLock {
  readonly #file: string;
  readonly #content: string;
  readonly #timer: NodeJS.Timeout;
  #touchedAtMs = performance.now();
  #lost: Fault | undefined;

  /** @throws Fault STORE_LOCKED, not retryable: another process has it; names its pid and host */
  static acquire(directory: string): DirectoryLock {
    mkdirSync(directory, { recursive: true });
    const file = join(directory, "lock");
    const content = JSON.stringify(thisProcess());
    const candidate = `${file}.${randomUUID()}`;
    writeFileSync(candidate, content);
    try {
      while (!tryLink(candidate, file)) removeStale(file, candidate);
    } finally {
      rmSync(candidate, { force: true });
    }
    return new DirectoryLock(file, content);
  }

  private constructor(file: string, content: string) {
    this.#file = file;
    this.#content = content;
    this.#timer = setInterval(() => this.#touch(), touchEveryMs);
    this.#timer.unref();
  }

  /** Throws STORE_LOCKED for a process that was suspended so long that another one took the lock. */
  assertHeld(): void {
    if (performance.now() - this.#touchedAtMs > staleAfterMs / 2) this.#touch();
    if (this.#lost !== undefined) throw this.#lost;
  }

  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  release(): void {
    clearInterval(this.#timer);
    if (contentOf(this.#file) === this.#content) rmSync(this.#file, { force: true });
  }

  #touch(): void {
    const content = contentOf(this.#file);
    if (content === this.#content) {
      const now = new Date();
      utimesSync(this.#file, now, now);
      this.#touchedAtMs = performance.now();
      return;
    }
    clearInterval(this.#timer);
    this.#lost = lockedBy(this.#file, content);
  }
}

function tryLink(candidate: string, file: string): boolean {
  try {
    linkSync(candidate, file);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

function removeStale(file: string, candidate: string): void {
  const content = contentOf(file);
  if (content === undefined) return;
  if (!isStale(file, content, candidate)) throw lockedBy(file, content);
  const aside = `${candidate}.stale`;
  try {
    renameSync(file, aside);
  } catch {
    return; // another process was faster
  }
  // Between reading and moving, another process may have replaced the stale lock by its own: then that is put back.
  const moved = contentOf(aside);
  if (moved !== content) tryLink(aside, file);
  rmSync(aside, { force: true });
}

function isStale(file: string, content: string, candidate: string): boolean {
  const holder = parse(content);
  if (holder === undefined || holder.host !== thisProcess().host)
    return ageByFileSystemMs(file, candidate) > staleAfterMs;
  return !isAlive(holder);
}

/** Compared by modification times of the file system, because the clocks of two machines differ. */
function ageByFileSystemMs(file: string, candidate: string): number {
  try {
    return statSync(candidate).mtimeMs - statSync(file).mtimeMs;
  } catch {
    return 0;
  }
}

function lockedBy(file: string, content: string | undefined): Fault {
  const holder = content === undefined ? undefined : parse(content);
  const who = holder === undefined ? "another process" : `process ${holder.pid} on ${holder.host}`;
  return new Fault("STORE_LOCKED", `${who} has this folder open: ${file}`, { retryable: false });
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function parse(content: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(content) as ProcessIdentity;
  } catch {
    return undefined;
  }
}
