import type { Command } from "commander";
import { migrate } from "../../runtime/adapters/sql/migrate.ts";
import { PostgresStore } from "../../runtime/adapters/postgres/postgres-store.ts";
import { MIGRATIONS } from "../host/compose.ts";
import { readStoreConfig } from "../terminal/store-config.ts";
import { print, printJson } from "../terminal/output.ts";

export function addMigrateCommands(program: Command): void {
  program
    .command("migrate")
    .description("creates and updates the tables in DATABASE_URL; start does it too")
    .option("--json", "print JSON", false)
    .action(run);
}

async function run({ json }: { readonly json: boolean }): Promise<void> {
  const { DATABASE_URL: url } = readStoreConfig(process.env);
  if (url === undefined) {
    if (json) return printJson({ applied: [], embedded: true });
    return print("DATABASE_URL is not set: this is the embedded mode, whose tables `rollcall start` migrates");
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
