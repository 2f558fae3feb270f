import { readFileSync } from "node:fs";
import { Command } from "commander";
import { addCheckCommand } from "./commands/check.ts";
import { addContractCommands } from "./commands/contracts.ts";
import { addDemoCommands } from "./commands/demo.ts";
import { addDlqCommands } from "./commands/dlq.ts";
import { addDoctorCommands } from "./commands/doctor.ts";
import { addExplainCommands } from "./commands/explain.ts";
import { addHoldCommands } from "./commands/hold.ts";
import { addMigrateCommands } from "./commands/migrate.ts";
import { addNodesCommands } from "./commands/nodes.ts";
import { addOffsetsCommands } from "./commands/offsets.ts";
import { addPlanCommands } from "./commands/plan.ts";
import { addReplayCommands } from "./commands/replay.ts";
import { addSimulateCommands } from "./commands/simulate.ts";
import { addStartCommand } from "./commands/start.ts";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};

/** Exit codes: 0 done, 1 a finding or a failure, 2 wrong usage. */
const program = new Command("rollcall")
  .description("Registers nodes by YAML contracts: consumes introspections, writes the catalogue, watches liveness.")
  .version(version)
  .showHelpAfterError("(rollcall --help shows every command)")
  .exitOverride();

addStartCommand(program);
addDemoCommands(program);
addSimulateCommands(program);
addNodesCommands(program);
addExplainCommands(program);
addDlqCommands(program);
addDoctorCommands(program);
addHoldCommands(program);
addContractCommands(program);
addCheckCommand(program);
addReplayCommands(program);
addPlanCommands(program);
addMigrateCommands(program);
addOffsetsCommands(program);

try {
  await program.parseAsync();
} catch (error) {
  const usage = error instanceof Error && "exitCode" in error && "code" in error;
  if (!usage) process.stderr.write(`rollcall: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = usage ? ((error as { exitCode: number }).exitCode === 0 ? 0 : 2) : 1;
}
