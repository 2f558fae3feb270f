import { Command, CommanderError } from "commander";
import type { ModuleCommand } from "./host/module.ts";
import { UsageError } from "./terminal/usage-error.ts";
import { VERSION } from "./version.ts";

/** Exit codes: 0 done, 1 a finding or a failure, 2 wrong usage. */
const program = new Command("rollcall")
  .description("Keeps track of entities by YAML contracts: reads messages, decides, and carries out what follows.")
  .version(VERSION)
  .showHelpAfterError("(rollcall --help shows every command)")
  .exitOverride();

/** By the first argument. A command loads only its own file, `--version` none, and help all of them. */
const FILES: readonly (readonly [commands: readonly string[], load: () => Promise<ModuleCommand>])[] = [
  [["start"], () => import("./commands/start.ts")],
  [["dev"], () => import("./commands/dev.ts")],
  [["entities", "explain"], () => import("./commands/entities.ts")],
  [["dlq"], () => import("./commands/dlq.ts")],
  [["doctor", "reload", "hold"], () => import("./commands/operate.ts")],
  [["validate", "graph", "contracts", "check"], () => import("./commands/contracts.ts")],
  [["contract-check-worker"], () => import("./contract-check/check-contracts.ts")],
  [["new"], () => import("./commands/new.ts")],
  [["replay", "plan"], () => import("./commands/journal.ts")],
  [["migrate", "offsets", "store"], () => import("./commands/store.ts")],
  [["domains"], () => import("./commands/domains.ts")],
];

/** What adds the commands that these arguments need: modules are asked only for what is not a command of this list. */
async function filesFor(verb: string): Promise<readonly (() => Promise<ModuleCommand>)[]> {
  if (verb === "--version" || verb === "-V") return [];
  const own = FILES.find(([commands]) => commands.includes(verb));
  if (own) return [own[1]];
  const { commandsOfModules } = await import("./host/modules.ts");
  const leftOut: unknown[] = [];
  const taken = FILES.flatMap(([commands]) => commands);
  const ofModules = await commandsOfModules(process.cwd(), taken, (error) => leftOut.push(error));
  const load = ofModules.get(verb);
  if (load) return [load];
  leftOut.forEach(report);
  return [...FILES.map(([, loadOwn]) => loadOwn), ...ofModules.values()];
}

const report = (error: unknown): void =>
  void process.stderr.write(`rollcall: ${error instanceof Error ? error.message : String(error)}\n`);

try {
  const [, , verb = ""] = process.argv;
  for (const load of await filesFor(verb)) await (await load()).addCommands(program);
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) report(error);
  const usage = error instanceof CommanderError || error instanceof UsageError;
  // What a module's code left behind, such as a timer, would keep the process.
  process.exit(usage ? (error instanceof CommanderError && error.exitCode === 0 ? 0 : 2) : 1);
}
