import { execFile, type ExecFileException, spawn, type ChildProcess } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { waitUntil } from "../real/services/wait-until.ts";
import { ROOT } from "../tidy/sources.ts";

const run = promisify(execFile);
/** What root becomes, who may write everywhere: nobody. */
const NOBODY = 65_534;
const OTHER_USER = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Packed {
  readonly filename: string;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

/** Both packages as `npm pack` makes them, or would. */
export async function pack(...more: readonly string[]): Promise<{ rollcall: Packed; client: Packed }> {
  const args = ["pack", "--json", "--ignore-scripts", "--workspace", "client", "--include-workspace-root", ...more];
  const { stdout } = await run("npm", args, { cwd: ROOT, maxBuffer: 1 << 26 });
  const packed = JSON.parse(stdout) as readonly (Packed & { readonly name: string })[];
  const named = (name: string): Packed => {
    const found = packed.find((each) => each.name === name);
    if (!found) throw new Error(`npm pack has not made ${name}`);
    return found;
  };
  return { rollcall: named("rollcall"), client: named("rollcall-client") };
}

// A package that wants another Node than ours does is refused.
const INSTALL = ["install", "--omit=dev", "--engine-strict", "--prefer-offline", "--no-audit", "--no-fund"];

/** Both packages installed in a folder of its own, for a user who may write beside them but not to them. */
export class Installed {
  /** With a space, as people have them. */
  readonly folder = join(mkdtempSync(join(tmpdir(), "rollcall-package-")), "my project");
  readonly #running = new Set<ChildProcess>();
  #tarballs: readonly string[] = [];

  static async open(): Promise<Installed> {
    const installed = new Installed();
    await installed.#install();
    return installed;
  }

  async #install(): Promise<void> {
    mkdirSync(join(this.folder, "data"), { recursive: true });
    writeFileSync(join(this.folder, "package.json"), '{ "private": true }\n');
    const { rollcall, client } = await pack("--pack-destination", join(this.folder, ".."));
    this.#tarballs = [rollcall, client].map(({ filename }) => join(this.folder, "..", filename));
    await run("npm", [...INSTALL, ...this.#tarballs], { cwd: this.folder });
    chmodSync(join(this.folder, ".."), 0o755);
    if (OTHER_USER.uid !== undefined) chownSync(join(this.folder, "data"), NOBODY, NOBODY);
    else await run("chmod", ["-R", "a-w", join(this.folder, "node_modules")]);
  }

  /** A file beside node_modules. */
  write(name: string, text: string): string {
    const path = resolve(this.folder, name);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  /** `npm install` in a folder whose package.json names a version that no registry has. */
  async installInto(folder: string): Promise<void> {
    await run("npm", [...INSTALL, ...this.#tarballs.slice(0, 1)], { cwd: folder });
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
  async serve(port: number, folder = join(this.folder, "data")): Promise<ChildProcess> {
    const own = join(folder, "node_modules/.bin/rollcall");
    const server = spawn(existsSync(own) ? own : join(this.folder, "node_modules/.bin/rollcall"), ["start"], {
      ...this.#as({ ROLLCALL_HTTP_PORT: String(port) }),
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

  async close(): Promise<void> {
    for (const child of this.#running) child.kill("SIGKILL");
    if (OTHER_USER.uid === undefined) await run("chmod", ["-R", "u+w", this.folder]);
    rmSync(join(this.folder, ".."), { recursive: true, force: true });
  }
}
