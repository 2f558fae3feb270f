import { copyFileSync, existsSync, mkdirSync, readdirSync, watch } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { formatDiagnostics } from "../../runtime/contract/diagnostics/format-diagnostics.ts";
import { SHIPPED_CONTRACTS } from "../host/compose.ts";
import { InvalidContractsError, IncompatibleContractsError } from "../host/contracts-in-force.ts";
import type { System } from "../host/system.ts";
import { serve } from "../host/serve.ts";
import { colorsOf } from "../terminal/output.ts";

/** An editor writes a file in several steps, and each is seen as a change. */
const DEBOUNCE_MS = 100;

export function addDevCommand(program: Command): void {
  program
    .command("dev")
    .description(
      "start, for contract authors: every change of the folder is applied, or refused with its line, " +
        "and the page may save to it",
    )
    .argument(
      "[dir]",
      "folder with the contracts; created as a copy of the shipped ones if it does not exist",
      "contracts/registration",
    )
    .action(dev);
}

async function dev(directory: string): Promise<void> {
  if (!existsSync(directory)) copyShippedContracts(directory);
  const system = await serve({ contracts: directory, editable: true });
  let debounceTimer: NodeJS.Timeout | undefined;
  // Watches the folder, since an editor may replace a file by a new one.
  const watcher = watch(directory, (_event, file) => {
    if (file === null || !/\.ya?ml$/.test(file)) return;
    clearTimeout(debounceTimer);
    debounceTimer = setTimeout(() => void reload(system, file), DEBOUNCE_MS);
  });
  watcher.on("error", (error) => printStatus(`${directory} is no longer watched: ${error.message}`));
  for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => watcher.close());
  printStatus(`watching ${directory}; the page is at the address above`);
}

function copyShippedContracts(directory: string): void {
  mkdirSync(directory, { recursive: true });
  for (const file of readdirSync(SHIPPED_CONTRACTS).filter((name) => name.endsWith(".yaml")))
    copyFileSync(join(SHIPPED_CONTRACTS, file), join(directory, file));
  printStatus(`${directory} did not exist and was created as a copy of the shipped contracts`);
}

async function reload(system: System, file: string): Promise<void> {
  const { dim, red } = colorsOf(process.stderr);
  try {
    const { hash, changed } = await system.runtime.reload(`a change of ${file}`);
    printStatus(changed ? `${file}: ${hash.slice(0, 12)} is in force` : dim(`${file}: nothing changed`));
  } catch (error) {
    if (error instanceof InvalidContractsError)
      process.stderr.write(formatDiagnostics(error.diagnostics, "text", { colors: process.stderr.isTTY }));
    const reason =
      error instanceof InvalidContractsError
        ? "see above"
        : error instanceof IncompatibleContractsError
          ? error.message
          : String(error);
    printStatus(red(`${file} is refused: ${reason}; the previous contracts stay in force`));
  }
}

const printStatus = (text: string): void => void process.stderr.write(`rollcall dev: ${text}\n`);
