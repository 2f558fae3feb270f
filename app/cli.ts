import { Command, CommanderError } from "commander";
import { VERSION } from "./version.ts";

/** Exit codes: 0 done, 1 a finding or a failure, 2 wrong usage. */
const program = new Command("rollcall")
  .description("Registers nodes by YAML contracts: consumes introspections, writes the catalogue, monitors liveness.")
  .version(VERSION)
  .showHelpAfterError("(rollcall --help shows every command)")
  .exitOverride();

interface CommandFile {
  readonly addCommands: (program: Command) => void;
}
/** By the first argument. A command loads only its own file, `--version` none, and help all of them. */
const FILES: readonly (readonly [commands: readonly string[], load: () => Promise<CommandFile>])[] = [
  [["start", "dev"], () => import("./commands/start.ts")],
  [["demo"], () => import("./commands/demo.ts")],
  [["simulate"], () => import("./commands/simulate.ts")],
  [["nodes", "explain"], () => import("./commands/nodes.ts")],
  [["dlq"], () => import("./commands/dlq.ts")],
  [["doctor", "reload", "hold"], () => import("./commands/operate.ts")],
  [["validate", "graph", "contracts", "check"], () => import("./commands/contracts.ts")],
  [["contract-check-worker"], () => import("./contract-check/check-contracts.ts")],
  [["new"], () => import("./commands/new.ts")],
  [["replay", "plan"], () => import("./commands/journal.ts")],
  [["migrate", "offsets", "store"], () => import("./commands/store.ts")],
  [["domains"], () => import("./commands/domains.ts")],
];
const [, , verb = ""] = process.argv;
const selected = FILES.filter(([commands]) => commands.includes(verb));
const all = verb === "--version" || verb === "-V" ? [] : FILES;
for (const [, load] of selected.length > 0 ? selected : all) (await load()).addCommands(program);

try {
  await program.parseAsync();
} catch (error) {
  const usage = error instanceof CommanderError;
  if (!usage) process.stderr.write(`rollcall: ${error instanceof Error ? error.message : String(error)}\n`);
  // What a module's code left behind, such as a timer, would keep the process.
  process.exit(usage ? (error.exitCode === 0 ? 0 : 2) : 1);
}
