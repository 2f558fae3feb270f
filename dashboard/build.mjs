import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SOURCES = fileURLToPath(new URL(".", import.meta.url));
const BUILT = join(SOURCES, "dist");
const mtimeMs = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Makes `dist` where it is missing, or older than what it is made of. A package brings it along, and no Vite. */
async function build() {
  const sources = readdirSync(SOURCES, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.startsWith(BUILT));
  const newest = Math.max(...[...sources, join(SOURCES, "../package-lock.json")].map(mtimeMs));
  if (mtimeMs(join(BUILT, "index.html")) > newest) return;
  const vite = await import("vite").catch(() => undefined);
  if (vite) await vite.build({ configFile: join(SOURCES, "vite.config.ts"), logLevel: "warn" });
  else
    console.error(
      "the page is not built, and there is no Vite here to build it: npm ci, with development dependencies",
    );
}

await build();
