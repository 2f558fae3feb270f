import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "vitest";

const ROLLCALL = fileURLToPath(new URL("../../../dist/app/rollcall.js", import.meta.url));
const OBEYED = /[^\P{Cc}\n]/u;

/** No message can forge a line of a log or a terminal: no CR, no escape sequence, no new line. */
export function expectPlainLines(said: string): void {
  const found = OBEYED.exec(said);
  expect(found && said.slice(Math.max(0, found.index - 80), found.index + 80)).toBeNull();
}

/** The command line as a person runs it. */
export async function rollcall(args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [ROLLCALL, ...args], { maxBuffer: 1 << 26 });
  return stdout;
}
