import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Refused } from "./refused.mjs";

const NUMBER = "(?:0|[1-9]\\d*)";
const LABEL = `(?:${NUMBER}|\\d*[A-Za-z-][0-9A-Za-z-]*)`;
const VERSION = new RegExp(`^(${NUMBER})\\.(${NUMBER})\\.(${NUMBER})(?:-(${LABEL}(?:\\.${LABEL})*))?$`);
const CHART = "ops/helm/rollcall/Chart.yaml";

const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));
const writeJson = (path, value) => writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);

/** @throws Refused: no semantic version, or one with build metadata, which npm drops */
export function parseVersion(text) {
  const match = VERSION.exec(text);
  if (!match) throw new Refused(`${text} is no semantic version`, "give one such as 0.3.0 or 0.3.0-rc.1");
  return { numbers: match.slice(1, 4).map(Number), labels: match[4]?.split(".") ?? [] };
}

/** Which is newer, by the precedence of semantic versions: below 0, 0 or above 0. */
export function compareVersions(one, other) {
  const [a, b] = [parseVersion(one), parseVersion(other)];
  const numbers = a.numbers.map((number, at) => number - b.numbers[at]).find((difference) => difference !== 0);
  if (numbers !== undefined) return numbers;
  // 1.0.0-rc.1 comes before 1.0.0.
  if (a.labels.length === 0 || b.labels.length === 0) return b.labels.length - a.labels.length;
  const shared = a.labels.slice(0, b.labels.length).map((label, at) => compareLabels(label, b.labels[at]));
  return shared.find((difference) => difference !== 0) ?? a.labels.length - b.labels.length;
}

function compareLabels(one, other) {
  const [isNumber, isOtherNumber] = [one, other].map((label) => /^\d+$/.test(label));
  if (isNumber && isOtherNumber) return Number(one) - Number(other);
  if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
  return one < other ? -1 : Number(one > other);
}

/** What is released when no version is named: the next minor one, or what a prerelease leads to. */
export function nextVersion(current) {
  const { numbers, labels } = parseVersion(current);
  const [major, minor, patch] = numbers;
  return labels.length > 0 ? `${major}.${minor}.${patch}` : `${major}.${minor + 1}.0`;
}

/**
 * What `npm pack` makes a file of: the project itself and its workspaces.
 * @returns a list of { folder, name, version }; the project's own folder is ""
 * @throws Refused: a workspace that package.json names is not there
 */
export function packagesOf(root) {
  const { workspaces = [] } = readJson(join(root, "package.json"));
  return ["", ...workspaces].map((folder) => {
    const path = join(root, folder, "package.json");
    if (!existsSync(path))
      throw new Refused(
        `package.json names the workspace ${folder}, which has no package.json`,
        "name each workspace by its folder, without patterns",
      );
    const { name, version } = readJson(path);
    return { folder, name, version };
  });
}

/** Sets the version of every package, in the lockfile and in the chart too, which is of the same version. */
export function setVersions(root, packages, version) {
  for (const { folder } of packages) {
    const path = join(root, folder, "package.json");
    writeJson(path, { ...readJson(path), version });
  }
  const lock = readJson(join(root, "package-lock.json"));
  lock.version = version;
  for (const { folder } of packages) if (lock.packages[folder]) lock.packages[folder].version = version;
  writeJson(join(root, "package-lock.json"), lock);
  const chart = readFileSync(join(root, CHART), "utf8");
  writeFileSync(join(root, CHART), chart.replaceAll(/^(version|appVersion): .+$/gm, `$1: ${version}`));
}

/** @throws Refused: the lockfile names the server that somebody's packages came from */
export function checkLockfile(root) {
  const { packages } = readJson(join(root, "package-lock.json"));
  const placed = Object.entries(packages).filter(([, { resolved = "" }]) => /^[a-z+]+:/.test(resolved));
  if (placed.length > 0)
    throw new Refused(
      `package-lock.json has download addresses, ${placed.length} of them, the first of ${placed[0][0]}`,
      'remove the lines with "resolved"; omit-lockfile-registry-resolved in .npmrc keeps npm from writing them',
    );
}
