import { cpSync, existsSync, mkdirSync, watch } from "node:fs";
import { basename, dirname, sep } from "node:path";
import { type Command, Option } from "commander";
import type { System } from "../host/compose.ts";
import { IncompatibleContractsError, InvalidContractsError } from "../host/contracts-in-force.ts";
import { configuredModules } from "../host/load-modules.ts";
import { moduleFiles } from "../host/modules.ts";
import { SHIPPED_CONTRACTS } from "../modules/shipped.ts";
import { restartOnChange } from "../terminal/restart-on-change.ts";
import type { ModuleOptions } from "../terminal/contract-folder.ts";
import { withModuleOption } from "../terminal/option-values.ts";
import { errorColors, printDiagnostics } from "../terminal/output.ts";
import { start } from "./start.ts";

/** An editor writes a file in several steps, and each is seen as a change. */
const DEBOUNCE_MS = 100;
/** What is served, and made if need be, where no module is configured. */
const SHIPPED_COPY = `contracts/${basename(SHIPPED_CONTRACTS)}`;

export function addCommands(program: Command): void {
  withModuleOption(program.command("dev"))
    .description(
      "start, for authors: every change of the contracts is applied, or refused with its line, and the page may save " +
        "to the folder; a change of a module's code, or of its migrations, starts the process anew",
    )
    .argument(
      "[dir]",
      "folder with the contracts, created as a copy of the shipped ones if it does not exist; without it those of " +
        `the modules, else ${SHIPPED_COPY}`,
    )
    .addOption(
      new Option("--supervised", "by rollcall dev itself: this is the process that is started anew").hideHelp(),
    )
    .action(dev);
}

async function dev(
  directory: string | undefined,
  { supervised, ...options }: ModuleOptions & { readonly supervised?: boolean },
): Promise<void> {
  const named = options.module ?? configuredModules(process.cwd());
  // An installed package is nobody's work in progress.
  const files = moduleFiles(named, process.cwd()).filter((file) => !file.includes(`${sep}node_modules${sep}`));
  if (!supervised && files.length > 0) return restartOnChange(files.map(dirname), printStatus);
  // Whoever started it is gone, and with it the terminal.
  if (supervised) process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
  const folder = directory ?? (named.length > 0 ? undefined : SHIPPED_COPY);
  if (folder !== undefined && !existsSync(folder)) copyShippedContracts(folder);
  const { host } = await start({ ...options, ...(folder !== undefined && { contracts: folder }) }, true);
  for (const system of host.systems) if (system.editable) watchContracts(system);
}

function watchContracts(system: System): void {
  const { contractsDir, hashAtStart, name } = system;
  let debounceTimer: NodeJS.Timeout | undefined;
  // Watches the folder, since an editor may replace a file by a new one.
  const watcher = watch(contractsDir, (_event, file) => {
    if (file === null || !/\.ya?ml$/.test(file)) return;
    clearTimeout(debounceTimer);
    debounceTimer = setTimeout(() => void reload(system, `a change of ${file}`), DEBOUNCE_MS);
  });
  watcher.on("error", (error) => printStatus(`${contractsDir} is no longer watched: ${error.message}`));
  for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => watcher.close());
  printStatus(`watching ${contractsDir} (${name}); the page is at the address above`);
  void reload(system, "a change during the start", hashAtStart);
}

function copyShippedContracts(directory: string): void {
  // Made first, or it would get the mode of the shipped one, which may be read-only.
  mkdirSync(directory, { recursive: true });
  const isContract = (path: string): boolean => path === SHIPPED_CONTRACTS || path.endsWith(".yaml");
  cpSync(SHIPPED_CONTRACTS, directory, { recursive: true, filter: isContract });
  printStatus(`${directory} did not exist and was created as a copy of the shipped contracts`);
}

/** @param except as `ReloadingRuntime.reload`; nothing is said then */
async function reload({ runtime }: System, change: string, except?: string): Promise<void> {
  const { dim, red } = errorColors;
  try {
    const { hash, changed } = await runtime.reload(change, except);
    if (changed) printStatus(`${change}: ${hash.slice(0, 12)} is in force`);
    else if (hash !== except) printStatus(dim(`${change}: nothing changed`));
  } catch (error) {
    const isInvalid = error instanceof InvalidContractsError;
    if (isInvalid) printDiagnostics(error.diagnostics);
    const message = error instanceof IncompatibleContractsError ? error.message : String(error);
    const reason = isInvalid ? "see above" : message;
    printStatus(red(`${change} is refused: ${reason}; the previous contracts stay in force`));
  }
}

const printStatus = (text: string): void => void process.stderr.write(`rollcall dev: ${text}\n`);
