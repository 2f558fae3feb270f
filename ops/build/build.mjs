// `npm run build`: makes dist/ and client/dist/ of the sources. What is already there and up to date stays as it is.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildClient } from "./client.mjs";
import { emitDeclarations } from "./declarations.mjs";
import { buildPage } from "./page.mjs";
import { buildRuntime } from "./runtime.mjs";
import { unlessCurrent } from "./stamp.mjs";

const CODE = ["app", "client", "contracts", "effects", "nodes", "reducers", "runtime", "schemas"];
const SETTINGS = ["ops/build", "package.json", "package-lock.json", "tsconfig.json"];

async function buildCode() {
  const types = mkdtempSync(join(tmpdir(), "rollcall-types-"));
  try {
    await emitDeclarations(types);
    await buildRuntime(types);
    await buildClient(types);
  } finally {
    rmSync(types, { recursive: true, force: true });
  }
}

const startedMs = performance.now();
const made = await Promise.all([
  unlessCurrent("code", [...CODE, ...SETTINGS], buildCode),
  // The page takes types alone from the HTTP interface: they leave nothing behind in it.
  unlessCurrent("page", ["dashboard", ...SETTINGS], buildPage),
]);
if (made.includes(true)) console.error(`built in ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`);
