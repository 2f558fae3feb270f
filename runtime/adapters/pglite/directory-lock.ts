import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import fs from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { Fault } from "../../core/fault.ts";

/** Names a process for good: a pid alone is used again for another process, with its start time it is not. */
interface ProcessIdentity {
  readonly pid: number;
  /** As the operating system writes it; empty where it is unknown. */
  readonly startedAt: string;
  /** Host name and, on Linux, the PID namespace: containers may share a folder and a host name. */
  readonly host: string;
}

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
  constructor(directory: string) {
    fs.mkdirSync(directory, { recursive: true });
    this.#file = join(directory, "lock");
    const identity: ProcessIdentity = {
      pid: process.pid,
      startedAt: processStart(process.pid) ?? "",
      host: thisHost(),
    };
    this.#content = JSON.stringify(identity);
    const candidate = `${this.#file}.${randomUUID()}`;
    fs.writeFileSync(candidate, this.#content);
    try {
      while (!tryLink(candidate, this.#file)) removeStale(this.#file, candidate);
    } finally {
      fs.rmSync(candidate, { force: true });
    }
    this.#timer = setInterval(() => this.#touch(), touchEveryMs).unref();
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
    if (contentOf(this.#file) === this.#content) fs.rmSync(this.#file, { force: true });
  }

  #touch(): void {
    const content = contentOf(this.#file);
    if (content === this.#content) {
      const now = new Date();
      fs.utimesSync(this.#file, now, now);
      this.#touchedAtMs = performance.now();
    } else {
      clearInterval(this.#timer);
      this.#lost = lockedBy(this.#file, content);
    }
  }
}

function tryLink(candidate: string, file: string): boolean {
  try {
    fs.linkSync(candidate, file);
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
  valueOf(() => fs.renameSync(file, aside));
  const moved = contentOf(aside);
  // Another process was faster.
  if (moved === undefined) return;
  // Between reading and moving, another process may have replaced the stale lock by its own: then that is put back.
  if (moved !== content) tryLink(aside, file);
  fs.rmSync(aside, { force: true });
}

function isStale(file: string, content: string, candidate: string): boolean {
  const holder = holderOf(content);
  if (holder?.host === thisHost()) return processStart(holder.pid) !== holder.startedAt;
  // By modification times of the file system, because the clocks of two machines differ.
  const ageMs = valueOf(() => fs.statSync(candidate).mtimeMs - fs.statSync(file).mtimeMs) ?? 0;
  return ageMs > staleAfterMs;
}

function lockedBy(file: string, content: string | undefined): Fault {
  const holder = holderOf(content);
  const who = holder === undefined ? "another process" : `process ${holder.pid} on ${holder.host}`;
  return new Fault("STORE_LOCKED", `${who} has this folder open (${file}): stop it, or set another ROLLCALL_DATA_DIR`, {
    retryable: false,
  });
}

const contentOf = (file: string): string | undefined => valueOf(() => fs.readFileSync(file, "utf8"));

const holderOf = (content = ""): ProcessIdentity | undefined => valueOf(() => JSON.parse(content) as ProcessIdentity);

const thisHost = (): string => valueOf(() => `${hostname()} ${fs.readlinkSync("/proc/self/ns/pid")}`) ?? hostname();

/** Undefined for a process that does not exist or is a zombie: it has ended, and its parent has not read its status. */
function processStart(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it exists and belongs to another user.
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return undefined;
  }
  if (process.platform === "linux") return valueOf(() => linuxProcessStart(pid));
  return valueOf(() => execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim()) ?? "";
}

function linuxProcessStart(pid: number): string | undefined {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name is in parentheses and may contain anything: count after it. Field 3 is the state, 22 the start time.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z" || fields[0] === "X") return undefined;
  return `${fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()}/${fields[19]}`;
}

/** Undefined when it throws. */
function valueOf<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
