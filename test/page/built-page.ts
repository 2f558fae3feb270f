import { execFileSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../tidy/sources.ts";

const SOURCES = join(ROOT, "dashboard");
const BUILT = join(SOURCES, "dist", "index.html");
const mtimeMs = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Makes `dashboard/dist` where it is missing, or older than what it is made of. */
export function buildPage(): void {
  const sources = readdirSync(SOURCES, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.startsWith(join(SOURCES, "dist")));
  const newest = Math.max(...[...sources, join(ROOT, "package-lock.json")].map(mtimeMs));
  if (mtimeMs(BUILT) > newest) return;
  execFileSync(process.execPath, [join(ROOT, "node_modules/vite/bin/vite.js"), "build", "dashboard", "--logLevel", "warn"], { cwd: ROOT, stdio: "inherit" }); // prettier-ignore
}
