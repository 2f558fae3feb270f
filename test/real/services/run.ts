import { execFile } from "node:child_process";

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
  readonly input?: string;
  readonly timeoutMs?: number;
}

/** Runs a program to its end and resolves to its standard output; a failure carries what it printed. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { input = "", timeoutMs = 600_000, ...spawnOptions } = options;
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, { ...spawnOptions, timeout: timeoutMs }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const said = `${stdout}${stderr}`.trim().split("\n").slice(-20).join("\n");
      reject(new Error(`${command} ${args.join(" ")} failed (${error.code ?? error.signal}):\n${said}`));
    });
    // A program that ends without reading its input breaks the pipe: its exit code has the reason, not the pipe.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}

/** Whether the program is there and ends well. */
export const succeeds = (command: string, args: readonly string[], options: RunOptions = {}): Promise<boolean> =>
  run(command, args, options).then(
    () => true,
    () => false,
  );

/** Progress goes to standard error: standard output is for what a caller evaluates. */
export function tell(message: string): void {
  process.stderr.write(`services: ${message}\n`);
}
