import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PgliteStore } from "../runtime/adapters/pglite/pglite-store.ts";
import { ROOT } from "./tidy/sources.ts";

const { version } = JSON.parse(readFileSync(join(ROOT, "node_modules/@electric-sql/pglite/package.json"), "utf8")) as {
  readonly version: string;
};
const TEMPLATES = join(ROOT, ".services", "templates");
const TEMPLATE = join(TEMPLATES, `pglite-${version}`);

/**
 * Puts an empty, initialized database where `rollcall start` would make one: that takes seconds of computing, a copy
 * does not. What happens at a very first start is tested without it.
 */
export async function initializeStore(dataDir: string): Promise<void> {
  if (!existsSync(TEMPLATE)) await makeTemplate();
  cpSync(TEMPLATE, join(dataDir, "store"), { recursive: true });
}

/** An empty store of its own, which is gone when it is closed. */
export async function openInitializedStore(): Promise<PgliteStore> {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-store-"));
  await initializeStore(folder);
  const store = await PgliteStore.open({ directory: join(folder, "store") });
  const close = store.close.bind(store);
  store.close = () => close().then(() => rmSync(folder, { recursive: true, force: true }));
  return store;
}

/** Other tests may make it at the same time: the first one is used. */
async function makeTemplate(): Promise<void> {
  mkdirSync(TEMPLATES, { recursive: true });
  const made = mkdtempSync(join(TEMPLATES, "made-"));
  await (await PgliteStore.open({ directory: made })).close();
  try {
    renameSync(made, TEMPLATE);
  } catch {
    rmSync(made, { recursive: true, force: true });
  }
}
