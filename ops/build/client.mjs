import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { copyDeclarations } from "./declarations.mjs";
import { DIST, ROOT } from "./places.mjs";

const OUT = join(ROOT, "client/dist");
const ENTRIES = ["index", "kafka"];
/** The text of the sources would be a third of the package. */
const MAPS = { sourcemap: "linked", sourcesContent: false };
const SETTINGS = { absWorkingDir: ROOT, target: "node20", logLevel: "warning", ...MAPS };
/** A module knows it as `import.meta.url`. */
const ITS_OWN_PLACE = {
  define: { "import.meta.url": "placeOfThis" },
  banner: { js: 'const placeOfThis = require("node:url").pathToFileURL(__filename).href;' },
};

/**
 * client/dist: the client as modules (esm) and, made of these, for `require` (cjs), each with its types, which the
 * folder's package.json makes of the right kind. dist/client is the same once more, so that neither package needs the
 * other.
 * @param {string} types folder with all declarations
 */
export async function buildClient(types) {
  rmSync(OUT, { recursive: true, force: true });
  await build({
    ...SETTINGS,
    entryPoints: ENTRIES.map((entry) => `client/${entry}.ts`),
    bundle: true,
    splitting: true,
    packages: "external",
    platform: "neutral",
    format: "esm",
    outdir: "client/dist/esm",
    chunkNames: "shared",
  });
  const script = { ...SETTINGS, format: "cjs", outdir: "client/dist/cjs" };
  await build({ ...script, entryPoints: ["client/dist/esm/index.js", "client/dist/esm/shared.js"] });
  await build({ ...script, entryPoints: ["client/dist/esm/kafka.js"], ...ITS_OWN_PLACE });
  for (const [kind, type] of Object.entries({ esm: "module", cjs: "commonjs" })) {
    writeFileSync(join(OUT, kind, "package.json"), `${JSON.stringify({ type })}\n`);
    const entries = ENTRIES.map((entry) => `client/${entry}`);
    copyDeclarations({ from: types, to: join(OUT, kind, "types"), entries });
  }
  rmSync(join(DIST, "client"), { recursive: true, force: true });
  mkdirSync(DIST, { recursive: true });
  cpSync(OUT, join(DIST, "client"), { recursive: true });
}
