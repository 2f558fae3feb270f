// All of the command's TypeScript, and most packages, as a few files in a folder beside this file, made when there are
// none or a source has changed: Node reads them in a fraction of the time that two thousand modules take. A command
// reads only what it needs. Any trouble (a folder that may not be written to) means that the sources are run as they
// are.
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const BUNDLES = new URL(".bundle/", import.meta.url);
/** Names the bundle that counts, and the sources that it was made of, as they were: size, time of the last change. */
const CURRENT = new URL("current.json", BUNDLES);
/** Another process may still be reading what is not current any more. */
const KEPT_MS = 60_000;
// They read files of their own, or parts of them are imported by path.
const EXTERNAL = ["@electric-sql/pglite", "@fastify/swagger", "esbuild", "kafkajs", "pg-native", "pino", "tsx"];
// What the code says of places relative to itself is said from the folder app.
const BEGIN = `import { createRequire as requireFrom } from "node:module";
const placeOfSources = new URL("../../cli.ts", import.meta.url).href;
const require = requireFrom(placeOfSources);`;

/** @returns what to import: the bundle's URL, or undefined when it can't be made */
export async function bundle() {
  try {
    const entry = current() ?? (await build());
    // A stack tells the line that was written.
    process.setSourceMapsEnabled(true);
    return entry.href;
  } catch {
    return undefined;
  }
}

function current() {
  try {
    const { name, sources } = JSON.parse(readFileSync(CURRENT, "utf8"));
    const entry = new URL(`${name}/cli.mjs`, BUNDLES);
    const same = Object.entries(sources).every(([path, stamp]) => stampOf(path) === stamp);
    return same && existsSync(entry) ? entry : undefined;
  } catch {
    return undefined;
  }
}

/** Of a source that is not older than told: what no source ever has. */
function stampOf(path, youngerThanMs = Number.POSITIVE_INFINITY) {
  const stat = statSync(ROOT + path, { throwIfNoEntry: false });
  return stat && (stat.mtimeMs < youngerThanMs ? `${stat.size} ${stat.mtimeMs}` : "");
}

async function build() {
  const esbuild = await import("esbuild");
  const startedMs = Date.now();
  const name = `${startedMs.toString(36)}-${process.pid}`;
  const folder = new URL(`${name}/`, BUNDLES);
  const { metafile } = await esbuild
    .build({
      absWorkingDir: ROOT,
      entryPoints: ["app/cli.ts"],
      bundle: true,
      splitting: true,
      external: EXTERNAL,
      platform: "node",
      target: "node20",
      format: "esm",
      define: { "import.meta.url": "placeOfSources" },
      banner: { js: BEGIN },
      outdir: fileURLToPath(folder),
      outExtension: { ".js": ".mjs" },
      sourcemap: "linked",
      sourcesContent: false,
      metafile: true,
      logLevel: "silent",
    })
    // Its process would stay for as long as this one.
    .finally(() => esbuild.stop());
  // What is written while it is read counts as changed.
  const sources = [...new Set(Object.keys(metafile.inputs).map(sourceOf))].map((path) => [
    path,
    stampOf(path, startedMs),
  ]);
  replace(CURRENT, JSON.stringify({ name, sources: Object.fromEntries(sources) }));
  forgetOthers(name, startedMs);
  return new URL("cli.mjs", folder);
}

/** An installed package changes as a whole, and its package.json with it. */
const sourceOf = (input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+\//.exec(input)?.[0].concat("package.json") ?? input;

/** Whole or not at all: others start meanwhile. */
function replace(url, text) {
  const made = new URL(`${url}.${process.pid}`);
  writeFileSync(made, text);
  renameSync(made, url);
}

function forgetOthers(name, nowMs) {
  for (const each of readdirSync(BUNDLES)) {
    const url = new URL(each, BUNDLES);
    const other = each !== name && each !== "current.json";
    if (other && statSync(url).mtimeMs < nowMs - KEPT_MS) rmSync(url, { recursive: true, force: true });
  }
}
