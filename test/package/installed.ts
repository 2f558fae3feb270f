import { execFile, type ExecFileException, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { inject } from "vitest";
import { waitUntil } from "../real/services/wait-until.ts";
import { npmInstall, OTHER_USER } from "./packages.ts";

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Both packages, as they are installed for all files of tests, and what a file runs there. */
export class Installed {
  readonly folder = inject("packages");
  readonly #running = new Set<ChildProcess>();

  /** A file beside node_modules. */
  write(name: string, text: string): string {
    const path = resolve(this.folder, name);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  /** `npm install`, by the one who packed: with what this machine has downloaded before. */
  installIn(folder: string): Promise<unknown> {
    return npmInstall(folder);
  }

  /** Of everything that was installed, in bytes. */
  size(): number {
    const entries = readdirSync(join(this.folder, "node_modules"), { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
  }

  rollcall(...args: readonly string[]): Promise<Ran> {
    return this.run(join(this.folder, "node_modules/.bin/rollcall"), ...args);
  }

  node(...args: readonly string[]): Promise<Ran> {
    return this.run(process.execPath, ...args);
  }

  /** The command, run in a folder beside node_modules. */
  rollcallIn(folder: string, ...args: readonly string[]): Promise<Ran> {
    return this.runIn(join(this.folder, folder), join(this.folder, "node_modules/.bin/rollcall"), ...args);
  }

  runIn(folder: string, program: string, ...args: readonly string[]): Promise<Ran> {
    return this.#run(program, args, folder);
  }

  run(program: string, ...args: readonly string[]): Promise<Ran> {
    return this.#run(program, args);
  }

  #run(program: string, args: readonly string[], cwd?: string): Promise<Ran> {
    return new Promise((resolve) => {
      const options = { ...this.#as(), ...(cwd !== undefined && { cwd }) };
      const child = execFile(program, args, options, (error: ExecFileException | null, stdout, stderr) => {
        this.#running.delete(child);
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
      });
      this.#running.add(child);
    });
  }

  /** `rollcall start` in a folder, until it is ready. */
  async serve(
    port: number,
    folder = join(this.folder, "data"),
    env: Readonly<Record<string, string>> = {},
  ): Promise<ChildProcess> {
    const own = join(folder, "node_modules/.bin/rollcall");
    const server = spawn(existsSync(own) ? own : join(this.folder, "node_modules/.bin/rollcall"), ["start"], {
      ...this.#as({ ...env, ROLLCALL_HTTP_PORT: String(port) }),
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#running.add(server);
    let said = "";
    for (const stream of [server.stdout, server.stderr]) stream?.on("data", (chunk: Buffer) => (said += String(chunk)));
    const ready = async (): Promise<void> => {
      const { status } = await fetch(`http://127.0.0.1:${port}/health/ready`);
      if (status !== 200) throw new Error(`readiness is ${status}`);
    };
    await waitUntil(ready, {
      what: "the installed rollcall start",
      timeoutMs: 60_000,
      hopeless: () => (server.exitCode === null ? undefined : said),
    });
    return server;
  }

  /** Nothing of this process but where programs are: no NODE_PATH, no NODE_OPTIONS. */
  #as(more: Readonly<Record<string, string>> = {}) {
    const data = join(this.folder, "data");
    const env = { PATH: process.env["PATH"] ?? "", HOME: data, TMPDIR: data, ...more };
    return { cwd: data, env, maxBuffer: 1 << 26, ...OTHER_USER };
  }

  /** Ends what runs. */
  close(): void {
    for (const child of this.#running) child.kill("SIGKILL");
  }
}
