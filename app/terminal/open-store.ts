import { existsSync } from "node:fs";
import { join } from "node:path";
import { refuseFormerStore } from "../../runtime/adapters/former-store.ts";
import { PgliteStore } from "../../runtime/adapters/pglite/pglite-store.ts";
import { PostgresStore } from "../../runtime/adapters/postgres/postgres-store.ts";
import type { Store } from "../../runtime/ports/store.ts";
import type { Config } from "../host/config.ts";

/**
 * The configured store, for a command that asks no server: in the embedded mode no process may have it open.
 * @throws Error when nothing was started on it yet; Fault STORE_LOCKED, STORE_UNAVAILABLE, STORE_TOO_OLD
 */
export async function withStore<Result>(config: Config, work: (store: Store) => Promise<Result>): Promise<Result> {
  const store = await openStore(config);
  try {
    if (!(await refuseFormerStore(store))) throw new Error("the store has no tables: nothing was started on it yet");
    return await work(store);
  } finally {
    await store.close();
  }
}

async function openStore({ DATABASE_URL: url, ROLLCALL_DATA_DIR: dataDir }: Config): Promise<Store> {
  if (url !== undefined) return new PostgresStore({ url, applicationName: "rollcall", maxConnections: 2 });
  const directory = join(dataDir, "store");
  // Opening it would make it.
  if (!existsSync(directory)) throw new Error(`${directory} does not exist: set ROLLCALL_DATA_DIR or DATABASE_URL`);
  return PgliteStore.open({ directory });
}
