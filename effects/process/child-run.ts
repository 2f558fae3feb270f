import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Json } from "../../runtime/core/message.ts";
import { instead } from "./inherited-descriptors.ts";
import { LineReader } from "./line-reader.ts";
import { endTree, MARK_VARIABLE } from "./process-tree.ts";
import { cut, type GoingOn, type Means, RUN_LIMITS, type RunListener } from "./runnable.ts";
import { hear, logLine } from "./spoken-line.ts";

const PATH = "/usr/local/bin:/usr/bin:/bin";
/** Of files that were open before the node began: later ones are its own. */
let openBefore: ReturnType<typeof instead> | undefined;
/** After the end of the program. Whoever holds its stdout open is not waited for longer. */
const DRAIN_MS = 30_000;
const IDLE_MS = 500;
const DRAIN_LOOK_MS = 100;
/** After its result or error: then it is ended. */
const LINGER_MS = 5_000;

/**
 * A program that says how it goes in lines of JSON on stdout, and is given its inputs, then people's answers, in lines
 * of JSON on stdin. Where it says neither a result nor an error its exit code decides.
 */
export class ChildRun implements GoingOn {
  readonly #child: ChildProcess;
  readonly #listener: RunListener;
  readonly #mark: string;
  readonly #stdout: LineReader;
  readonly #stderr: LineReader;
  #lastError = "";
  #isDecided = false;
  #isOver = false;
  #hasHeard = false;
  #lingering: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | undefined;

  /** @param mark by which all that it starts is found again */
  constructor(
    { argv, cwd, env, user }: Extract<Means, { kind: "process" }>,
    { runId, mark, inputs }: { readonly runId: string; readonly mark: string; readonly inputs: Json },
    listener: RunListener,
  ) {
    this.#listener = listener;
    this.#mark = mark;
    this.#stdout = new LineReader(RUN_LIMITS.lineBytes, (line) => hear(line, this.#heard));
    this.#stderr = new LineReader(RUN_LIMITS.lineBytes, (line) => {
      this.#lastError = line;
      this.#heard.log(line);
    });
    const [program, ...args] = argv;
    const closed = (openBefore ??= instead());
    this.#child = spawn(program, args, {
      ...{ cwd, shell: false, detached: true, windowsHide: true, stdio: ["pipe", "pipe", "pipe", ...closed], ...user },
      env: { PATH: process.env["PATH"] ?? PATH, ...env, [MARK_VARIABLE]: mark },
    });
    this.#child.on("error", (error) => this.#onSpawnError(error));
    this.#child.on("exit", (code, signal) => void this.#onExit(code, signal));
    // It need not read what it is told.
    this.#child.stdin?.on("error", () => {});
    this.#read(this.#child.stdout, this.#stdout);
    this.#read(this.#child.stderr, this.#stderr);
    this.#tell({ fid: runId, inputs });
  }

  answer(lid: string, result: Json): void {
    this.#tell({ answer: { lid, result } });
  }

  stop(graceMs: number): Promise<void> {
    clearTimeout(this.#lingering);
    return (this.#stopping ??= endTree({ mark: this.#mark, groupId: this.#child.pid }, graceMs).finally(
      () => (this.#stopping = undefined),
    ));
  }

  /** The listener, but for what has no room any more. */
  readonly #heard: RunListener = {
    progress: (value) => this.#listener.progress(value),
    log: (text) => this.#log(text),
    lock: (lid, question, timeoutMs) => this.#listener.lock(lid, question, timeoutMs),
    result: (value) => this.#decide(() => this.#listener.result(value)),
    error: (code, message) => this.#decide(() => this.#listener.error(code, message)),
    over: () => {},
  };

  #logLines = 0;

  #log(text: string): void {
    if (++this.#logLines <= RUN_LIMITS.logLines) return this.#listener.log(logLine(text));
    if (this.#logLines > RUN_LIMITS.logLines + 1) return;
    this.#listener.log(`more than ${RUN_LIMITS.logLines} lines: what follows is left out`);
    this.#stdout.onlyObjects();
    this.#stderr.onlyObjects();
  }

  #decide(tell: () => void): void {
    if (this.#isDecided) return;
    this.#isDecided = true;
    tell();
    this.#child.stdin?.end();
    this.#lingering = setTimeout(() => void this.stop(LINGER_MS).catch(() => {}), LINGER_MS);
  }

  #tell(line: Readonly<Record<string, Json>>): void {
    const { stdin } = this.#child;
    if (stdin?.writable) stdin.write(`${JSON.stringify(line)}\n`);
  }

  #read(stream: Readable | null, lines: LineReader): void {
    stream
      ?.on("data", (chunk: Buffer) => {
        this.#hasHeard = true;
        lines.push(chunk);
      })
      .on("error", () => {});
  }

  #onSpawnError(error: Error): void {
    if (this.#child.pid !== undefined) return;
    this.#decide(() => this.#listener.error("cannot_start", `it can't be started: ${error.message}`));
    this.#finish();
  }

  async #onExit(code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    await this.#drained();
    this.#stdout.end();
    this.#stderr.end();
    const last = this.#lastError === "" ? "" : `: ${logLine(this.#lastError)}`;
    this.#decide(() => {
      if (code === 0) return this.#listener.result(null);
      const how = code === null ? `ended by ${signal}` : `exit code ${code}`;
      this.#listener.error("exit", cut(how + last, RUN_LIMITS.errorLength));
    });
    this.#finish();
  }

  /** What is in the pipes is read. One that others hold open is closed when nothing comes, or too much. */
  async #drained(): Promise<void> {
    const streams = [this.#child.stdout, this.#child.stderr].filter((each) => each !== null);
    const ended = streams.map(
      (stream) => new Promise<void>((resolve) => (stream.closed ? resolve() : stream.once("close", resolve))),
    );
    let isAll = false;
    void Promise.all(ended).then(() => (isAll = true));
    for (let waitedMs = 0, idleMs = 0; !isAll && idleMs < IDLE_MS && waitedMs < DRAIN_MS; waitedMs += DRAIN_LOOK_MS) {
      this.#hasHeard = false;
      await Promise.race([Promise.all(ended), sleep(DRAIN_LOOK_MS)]);
      idleMs = this.#hasHeard ? 0 : idleMs + DRAIN_LOOK_MS;
    }
    for (const stream of streams) stream.destroy();
    this.#child.stdin?.destroy();
  }

  #finish(): void {
    clearTimeout(this.#lingering);
    if (this.#isOver) return;
    this.#isOver = true;
    this.#listener.over();
  }
}
