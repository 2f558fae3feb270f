import type { Command } from "commander";
import { workAsChecker } from "../contract-check/check-worker.ts";

/** Not for people: the server's thread that checks contracts is this program again. */
export function addCheckerCommand(program: Command): void {
  program.command("check-contracts", { hidden: true }).action(workAsChecker);
}
