import { type Command, Option } from "commander";
import { SHIPPED_CONTRACTS } from "../host/compose.ts";
import { CONFIG_SCHEMA } from "../host/config.ts";
import { serve } from "../host/serve.ts";

const RELOAD_HELP = "\nSIGHUP, or rollcall reload, puts the folder's contracts in force while it runs, all or none.\n";

export function addStartCommand(program: Command): void {
  program
    .command("start")
    .description("runs the domain until SIGTERM: embedded by default, on Kafka and Postgres when both are set")
    .addOption(
      new Option("--contracts <dir>", "folder with the domain's contracts").default(
        SHIPPED_CONTRACTS,
        "the shipped ones",
      ),
    )
    .addHelpText("after", `${RELOAD_HELP}${environmentHelp()}`)
    .action(async ({ contracts }: { readonly contracts: string }) => void (await serve({ contracts })));
}

/** Every variable with its meaning, from the schema that reads them. */
function environmentHelp(): string {
  const described = Object.entries(CONFIG_SCHEMA.shape).filter(([, field]) => field.description !== undefined);
  const width = Math.max(...described.map(([name]) => name.length));
  const rows = described.map(([name, field]) => `  ${name.padEnd(width)}  ${field.description}`);
  return `\nEnvironment (secrets can be given as NAME_FILE):\n${rows.join("\n")}\n`;
}
