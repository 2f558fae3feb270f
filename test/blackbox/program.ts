import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { freePorts } from "../real/services/free-ports.ts";
import { waitUntil } from "../real/services/wait-until.ts";

const ROLLCALL = fileURLToPath(new URL("../../dist/app/rollcall.js", import.meta.url));
/** Node's, as the command's first line has them. */
const flagsOf = (rollcall: string): readonly string[] =>
  readFileSync(rollcall, "utf8")
    .split("\n", 1)[0]
    ?.match(/(?<= )--\S+/g) ?? [];
const LOG_CHARACTERS_MAX = 200_000;
const CANARY = /.{0,80}canary-.{0,20}/;
const CANARY_CHARACTERS_MAX = 100;
/** Less than a test's time limit, so that a program that does not start is ended by its test. */
const READY_MS = 50_000;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The real program as a child process. */
export interface Program {
  readonly pid: number;
  readonly url: string;
  readonly ended: Promise<Ended>;
  /** Standard output and error, the last part. */
  said(): string;
  /** The first place in its output with a secret: what begins with `canary-`. */
  readonly leak: string | undefined;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, as an orchestrator of containers sends it. */
  stop(): Promise<Ended>;
  /** kill -9. */
  kill(): Promise<Ended>;
}

const running = new Set<ChildProcess>();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

export interface ProgramOptions {
  readonly environment: Readonly<Record<string, string>>;
  readonly contractsDir?: string | undefined;
  /** Instead of `rollcall start`, with all that goes with it. */
  readonly command?: readonly string[];
  /** Parts that need not be ready. */
  readonly tolerated?: readonly string[];
  readonly nodeFlags?: readonly string[];
  /** The built command: this checkout's by default. */
  readonly rollcall?: string | undefined;
  readonly readyMs?: number;
}

/**
 * `rollcall start`, ready to serve; or already killed, when a crash point is armed and work was left to bring it there.
 * A machine that is busy may take a while.
 */
export async function startProgram({
  environment,
  contractsDir,
  command = ["start", ...(contractsDir === undefined ? [] : ["--contracts", contractsDir])],
  tolerated = [],
  nodeFlags = [],
  rollcall = ROLLCALL,
  readyMs = READY_MS,
}: ProgramOptions): Promise<Program> {
  const { http } = await freePorts(["http"]);
  const child = spawn(process.execPath, [...flagsOf(rollcall), ...nodeFlags, rollcall, ...command], {
    env: { ...bare(process.env), ...environment, ROLLCALL_HTTP_PORT: String(http) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  let diedItself = true;
  let said = "";
  let leak: string | undefined;
  const hear = (chunk: Buffer): void => {
    const text = chunk.toString("utf8");
    leak ??= CANARY.exec(said.slice(-CANARY_CHARACTERS_MAX) + text)?.[0];
    said = (said + text).slice(-LOG_CHARACTERS_MAX);
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  const ended = once(child, "close").then(([code, signal]): Ended => ({ code, signal }));
  void ended.then(() => running.delete(child));

  const url = `http://127.0.0.1:${http}`;
  const program: Program = {
    pid: child.pid ?? 0,
    url,
    ended,
    said: () => said,
    get leak() {
      return leak;
    },
    signal: (signal) => void child.kill(signal),
    stop: () => (child.kill("SIGTERM"), ended),
    kill: () => {
      if (!hasEnded(child)) diedItself = false;
      child.kill("SIGKILL");
      return ended;
    },
  };
  try {
    await waitUntil(() => assertReady(url, tolerated), {
      what: "rollcall start",
      timeoutMs: readyMs,
      hopeless: () => (hasEnded(child) ? `it ended: ${said.slice(-4_000)}` : undefined),
    });
  } catch (error) {
    const { signal } = await program.kill();
    if (environment["ROLLCALL_FAILPOINT"] === undefined || signal !== "SIGKILL" || !diedItself) throw error;
  }
  return program;
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

async function assertReady(url: string, tolerated: readonly string[]): Promise<void> {
  const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(5_000) });
  const text = await answer.text();
  // Of several domains there are no parts.
  const { parts } = JSON.parse(text) as { readonly parts?: Readonly<Record<string, { readonly ok: boolean }>> };
  if (!parts && !answer.ok) throw new Error(text);
  const missing = Object.entries(parts ?? {}).filter(([name, { ok }]) => !ok && !tolerated.includes(name));
  if (missing.length > 0) throw new Error(JSON.stringify(Object.fromEntries(missing)));
}

/** What this process was started with must not reach the program under test, whatever it reads. */
const bare = ({ PATH, HOME, TMPDIR, TZ }: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({ PATH, HOME, TMPDIR, TZ });
