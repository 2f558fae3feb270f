import type { Command } from "commander";
import { runCheckWorker } from "../contract-check/check-worker.ts";

/** Hidden: the server starts it as the thread that checks contracts. */
export function addContractCheckWorkerCommand(program: Command): void {
  program.command("contract-check-worker", { hidden: true }).action(runCheckWorker);
}
