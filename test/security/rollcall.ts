import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../../dist/app/rollcall.js", import.meta.url));

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command of the real program to its end; arguments are separated by spaces. */
export const rollcall = (
  command: string,
  environment: Readonly<Record<string, string>> = {},
  nodeOptions: readonly string[] = [],
): Promise<Ran> =>
  new Promise((resolve) => {
    const args = [...nodeOptions, PROGRAM, ...command.split(" ").filter((word) => word !== "")];
    const env = { PATH: process.env["PATH"], ...environment };
    execFile(process.execPath, args, { env, timeout: 100_000, maxBuffer: 2 ** 26 }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
