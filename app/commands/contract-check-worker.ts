import type { Command } from "commander";
import { runCheckWorker } from "../contract-check/check-worker.ts";

/** Not for people: the server's thread that checks contracts is this program again. */
export function addContractCheckWorkerCommand(program: Command): void {
  program.command("contract-check-worker", { hidden: true }).action(runCheckWorker);
}
