import type { Command } from "commander";
import { migrate } from "../../runtime/adapters/migrate.ts";
import { PostgresStore } from "../../runtime/adapters/postgres-store.ts";
import { MIGRATIONS } from "../compose.ts";
import { readConfig } from "../config.ts";
import { print, printJson } from "./terminal.ts";

export function addMigrateCommands(program: Command): void {
  program
    .command("migrate")
    .description("creates and updates the tables in DATABASE_URL; start does it too")
    .option("--json", "print JSON", false)
    .action(run);
}

async function run({ json }: { readonly json: boolean }): Promise<void> {
  const { DATABASE_URL: url } = readConfig({ ...process.env, KAFKA_BOOTSTRAP_SERVERS: serversBeside(process.env) });
  if (url === undefined) {
    if (json) return printJson({ applied: [], embedded: true });
    return print("DATABASE_URL is not set: this is the embedded mode, whose tables `rollcall start` migrates itself");
  }
  const store = new PostgresStore({ url, applicationName: "rollcall migrate", maxConnections: 2 });
  try {
    const applied = await migrate(store, MIGRATIONS);
    if (json) return printJson({ applied, embedded: false });
    for (const { scope, name } of applied) print(`applied ${scope}/${name}`);
    print(applied.length === 0 ? "nothing to apply: the tables are up to date" : `${applied.length} applied`);
  } finally {
    await store.close();
  }
}

/** Tables need no Kafka: its variable may be missing here, or be alone. */
const serversBeside = (environment: NodeJS.ProcessEnv): string | undefined =>
  environment["DATABASE_URL"] || environment["DATABASE_URL_FILE"]
    ? environment["KAFKA_BOOTSTRAP_SERVERS"] || "not-asked:1"
    : undefined;
