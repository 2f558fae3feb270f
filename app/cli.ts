import { Command } from "commander";
import { VERSION } from "./version.ts";

/** Exit codes: 0 done, 1 a finding or a failure, 2 wrong usage. */
const program = new Command("rollcall")
  .description("Registers nodes by YAML contracts: consumes introspections, writes the catalogue, monitors liveness.")
  .version(VERSION)
  .showHelpAfterError("(rollcall --help shows every command)")
  .exitOverride();

type AddCommand = (program: Command) => void;
/** By the first argument. A command loads only its own file, `--version` none, and help all of them. */
const commands = new Map<string, () => Promise<AddCommand>>(
  Object.entries({
    start: async () => (await import("./commands/start.ts")).addStartCommand,
    dev: async () => (await import("./commands/dev.ts")).addDevCommand,
    demo: async () => (await import("./commands/demo.ts")).addDemoCommands,
    simulate: async () => (await import("./commands/simulate.ts")).addSimulateCommands,
    nodes: async () => (await import("./commands/nodes.ts")).addNodesCommands,
    explain: async () => (await import("./commands/explain.ts")).addExplainCommands,
    dlq: async () => (await import("./commands/dlq.ts")).addDlqCommands,
    doctor: async () => (await import("./commands/doctor.ts")).addDoctorCommands,
    reload: async () => (await import("./commands/reload.ts")).addReloadCommand,
    hold: async () => (await import("./commands/hold.ts")).addHoldCommands,
    validate: async () => (await import("./commands/validate.ts")).addValidateCommand,
    graph: async () => (await import("./commands/graph.ts")).addGraphCommand,
    contracts: async () => (await import("./commands/contract-schemas.ts")).addContractSchemasCommand,
    check: async () => (await import("./commands/check.ts")).addCheckCommand,
    "contract-check-worker": async () =>
      (await import("./commands/contract-check-worker.ts")).addContractCheckWorkerCommand,
    replay: async () => (await import("./commands/replay.ts")).addReplayCommands,
    plan: async () => (await import("./commands/plan.ts")).addPlanCommands,
    migrate: async () => (await import("./commands/migrate.ts")).addMigrateCommands,
    offsets: async () => (await import("./commands/offsets.ts")).addOffsetsCommands,
  }),
);
const [, , verb = ""] = process.argv;
const selected = commands.get(verb);
const all = verb === "--version" || verb === "-V" ? [] : commands.values();
for (const load of selected ? [selected] : all) (await load())(program);

try {
  await program.parseAsync();
} catch (error) {
  const usage = error instanceof Error && "exitCode" in error && "code" in error;
  if (!usage) process.stderr.write(`rollcall: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = usage ? ((error as { exitCode: number }).exitCode === 0 ? 0 : 2) : 1;
}
