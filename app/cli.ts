import { Command, CommanderError } from "commander";
import type { ModuleCommand } from "./host/module.ts";
import { UsageError } from "./terminal/usage-error.ts";
import { VERSION } from "./version.ts";

const HELP = `
rollcall <command> --help has the options of each. In a folder with a rollcall.config.json, commands work with the
modules that it names, else with the shipped ones. Exit codes: 0 done, 1 a finding or a failure, 2 wrong usage.`;
const program = new Command("rollcall")
  .description("Keeps track of entities by YAML contracts: reads messages, decides, and carries out what follows.")
  .version(VERSION)
  .showHelpAfterError("(rollcall --help shows every command)")
  .addHelpText("after", HELP)
  .exitOverride();

interface CommandFile {
  /** A heading in the help. */
  readonly group: string;
  readonly commands: readonly string[];
  readonly load: () => Promise<ModuleCommand>;
}
const file = (group: string, commands: readonly string[], load: CommandFile["load"]): CommandFile => ({
  ...{ group, commands, load },
});
const [SERVE, CONTRACTS, ASK, STORE] = ["Serve", "Write a domain", "Ask a running server", "Look after a store"];

/** By the first argument. A command loads only its own file, `--version` none, and help all of them. */
const FILES: readonly CommandFile[] = [
  file(SERVE, ["start"], () => import("./commands/start.ts")),
  file(SERVE, ["dev"], () => import("./commands/dev.ts")),
  file(CONTRACTS, ["new"], () => import("./commands/new.ts")),
  file(CONTRACTS, ["validate", "graph", "contracts", "check"], () => import("./commands/contracts.ts")),
  file(CONTRACTS, ["contract-check-worker"], () => import("./contract-check/check-contracts.ts")),
  file(ASK, ["entities", "explain"], () => import("./commands/entities.ts")),
  file(ASK, ["intents"], () => import("./commands/intents.ts")),
  file(ASK, ["directory"], () => import("./commands/directory.ts")),
  file(ASK, ["projections"], () => import("./commands/projections.ts")),
  file(ASK, ["dlq"], () => import("./commands/dlq.ts")),
  file(ASK, ["doctor", "reload", "hold"], () => import("./commands/operate.ts")),
  file(ASK, ["replay", "plan"], () => import("./commands/journal.ts")),
  file(STORE, ["migrate", "offsets", "store"], () => import("./commands/store.ts")),
  file(STORE, ["domains"], () => import("./commands/domains.ts")),
];

/** What adds the commands that these arguments need: modules are asked only for what is not a command of this list. */
async function filesFor(verb: string): Promise<readonly Omit<CommandFile, "commands">[]> {
  if (verb === "--version" || verb === "-V") return [];
  const own = FILES.find(({ commands }) => commands.includes(verb));
  if (own) return [own];
  const { commandsOfModules } = await import("./host/modules.ts");
  const leftOut: unknown[] = [];
  const taken = FILES.flatMap(({ commands }) => commands);
  const ofModules = await commandsOfModules(process.cwd(), taken, (error) => leftOut.push(error));
  const load = ofModules.get(verb);
  if (load) return [{ group: "", load }];
  leftOut.forEach(report);
  return [...FILES, ...[...ofModules.values()].map((each) => ({ group: "Of the modules", load: each }))];
}

/** A server's own words may be in it, and what controls a terminal in these. */
const report = (error: unknown): void => {
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(`rollcall: ${text.replaceAll(/[^\P{Cc}\n\t]/gu, "\uFFFD")}\n`);
};

try {
  const [, , verb = ""] = process.argv;
  for (const { group, load } of await filesFor(verb)) {
    program.commandsGroup(`${group}:`);
    await (await load()).addCommands(program);
  }
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) report(error);
  const usage = error instanceof CommanderError || error instanceof UsageError;
  // What a module's code left behind, such as a timer, would keep the process.
  process.exit(usage ? (error instanceof CommanderError && error.exitCode === 0 ? 0 : 2) : 1);
}
