import { chmodSync, cpSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { build } from "esbuild";
import { copyDeclarations } from "./declarations.mjs";
import { DIST, ROOT } from "./places.mjs";
import { removeOthers } from "./remove-others.mjs";

/** What is read at run time, beside the code that reads it: folders, and how the names of their files end. */
const ASSETS = [
  ["contracts", ".yaml"],
  ["schemas", ".json"],
  ["app/http/docs", ".css"],
  ["app/template", ""],
  ["app/template-minimal", ""],
  ["effects", ".sql"],
  ["runtime", ".sql"],
];

/**
 * dist/app: the command and what the package exports, in a few files that share theirs (dist/shared). Node reads them
 * in a fraction of the time that hundreds of modules take, and a command reads only what it needs. Packages stay
 * outside.
 * @param {string} types folder with all declarations
 */
export async function buildRuntime(types) {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: {
      "app/rollcall": "app/rollcall.ts",
      "app/index": "app/index.ts",
      "app/testing": "app/testing/index.ts",
      "app/backends": "effects/index.ts",
    },
    bundle: true,
    splitting: true,
    packages: "external",
    platform: "node",
    target: "node20",
    format: "esm",
    outdir: "dist",
    chunkNames: "shared/[name]-[hash]",
    sourcemap: "linked",
    // The sources' places are enough for a trace; their text would be a third of what is built.
    sourcesContent: false,
    plugins: [placesOfSources],
    metafile: true,
    logLevel: "warning",
  });
  removeOthers(metafile, ["dist/app", "dist/shared"]);
  // As npm does for what is named under `bin`.
  chmodSync(join(DIST, "app/rollcall.js"), 0o755);
  copyAssets();
  copyDeclarations({
    from: types,
    to: join(DIST, "types"),
    entries: ["app/index", "app/testing/index", "effects/index"],
  });
}

/**
 * In a bundle a module is at another place than its source. What it says of files beside itself is kept right: each
 * output is one folder deep in dist/, whose folders are those of the sources.
 */
const placesOfSources = {
  name: "places of sources",
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8");
      if (path.includes(`${sep}node_modules${sep}`) || !text.includes("import.meta.url")) return undefined;
      const place = relative(ROOT, path).replaceAll(sep, "/").replace(/ts$/, "js");
      const url = `new URL(${JSON.stringify(`../${place}`)}, import.meta.url).href`;
      return { contents: text.replaceAll("import.meta.url", url), loader: "ts" };
    }),
};

function copyAssets() {
  for (const [folder, ending] of ASSETS) {
    rmSync(join(DIST, folder), { recursive: true, force: true });
    for (const { parentPath, name } of readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true }).filter(
      (entry) => entry.isFile() && entry.name.endsWith(ending),
    )) {
      const file = join(parentPath, name);
      cpSync(file, join(DIST, relative(ROOT, file)));
    }
  }
}
