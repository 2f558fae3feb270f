import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DIST, ROOT } from "./places.mjs";

/**
 * Makes a part of dist/ when it is missing or its sources are not those of which it was made. A build that fails leaves
 * no stamp, so that the next run tries again.
 * @param {readonly string[]} sources files and folders, from the root
 * @returns whether it was made
 */
export async function unlessCurrent(part, sources, make) {
  const stamp = join(DIST, `.${part}-is-of`);
  const state = stateOf(sources);
  if (read(stamp) === state) return false;
  rmSync(stamp, { force: true });
  await make();
  mkdirSync(DIST, { recursive: true });
  writeFileSync(stamp, state);
  return true;
}

/** Sizes and times suffice: a file that was changed back is built once too often. */
function stateOf(sources) {
  const hash = createHash("sha256");
  for (const path of sources.flatMap(filesOf).sort()) {
    const { size, mtimeMs } = statSync(join(ROOT, path));
    hash.update(`${path} ${size} ${mtimeMs}\n`);
  }
  return hash.digest("hex");
}

function filesOf(path) {
  if (!statSync(join(ROOT, path)).isDirectory()) return [path];
  return readdirSync(join(ROOT, path), { withFileTypes: true })
    .filter(({ name }) => name !== "dist" && name !== "node_modules")
    .flatMap(({ name }) => filesOf(join(path, name)));
}

function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
