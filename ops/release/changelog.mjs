import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Refused } from "./refused.mjs";

const FILE = "CHANGELOG.md";
const UNRELEASED = /^## Unreleased\n/m;

/**
 * What has changed since the last release, as CHANGELOG.md tells it.
 * @returns how many entries it has
 * @throws Refused: there is no such section, or nothing in it
 */
export function countUnreleased(root) {
  const [, behind] = readFileSync(join(root, FILE), "utf8").split(UNRELEASED);
  if (behind === undefined)
    throw new Refused(
      `${FILE} has no section "## Unreleased"`,
      "add one, with an entry for each change that a user notices",
    );
  const [section = ""] = behind.split(/^## /m);
  const entries = section.match(/^- /gm)?.length ?? 0;
  if (entries === 0)
    throw new Refused(
      `${FILE} has nothing under "## Unreleased"`,
      "write an entry (`- ...`) for each change that a user notices; without any there is nothing to release",
    );
  return entries;
}

/** Gives what was unreleased its version and date, and leaves an empty section for what comes next. */
export function moveUnreleased(root, version, date) {
  const text = readFileSync(join(root, FILE), "utf8");
  writeFileSync(join(root, FILE), text.replace(UNRELEASED, `## Unreleased\n\n## ${version} - ${date}\n`));
}
