import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { countUnreleased, moveUnreleased } from "./release/changelog.mjs";
import { cloneCheckout, git, run } from "./release/copy.mjs";
import { Misused, Refused } from "./release/refused.mjs";
import { checkLockfile, compareVersions, nextVersion, packagesOf, parseVersion } from "./release/versions.mjs";
import { setVersions } from "./release/versions.mjs";

const ROOT = realpathSync(fileURLToPath(new URL("..", import.meta.url)));
const FIXTURES = "test/fixtures";
const HELP = `npm run release -- [options] [version]
Makes a release on this machine: versions, changelog, fixtures, tests, packages, a commit and a tag. It never pushes
and never publishes: it prints the commands that do. Everything is done in a copy of HEAD; when all of it has succeeded,
main moves on to the copy's commit. When something fails, nothing has changed.

  version         greater than the one in package.json; without it the next minor one
  --dry-run       everything but the last step: the checkout stays as it is, whatever its branch
  --skip-tests    leaves out npm run verify; with --dry-run only
  --out <folder>  where the packages go (dist-release; with --dry-run nowhere)
  --keep          leaves the copy of a dry run, to be looked at
  --help          prints this

Exit codes: 0 done, 1 refused or failed, 2 wrong usage.
`;

const say = (text) => process.stdout.write(`${text}\n`);

/** Whatever speaks against a release, before anything is done. @returns the version that will be released */
function checkCheckout(packages, { version, isDry }) {
  const top = existsSync(join(ROOT, ".git")) ? realpathSync(git(ROOT, "rev-parse", "--show-toplevel")) : undefined;
  if (top !== ROOT) throw new Refused("this is no git checkout", "release from a clone of the repository");
  if (git(ROOT, "status", "--porcelain") !== "")
    throw new Refused("the checkout has changes that are not committed", "commit them, or put them away: git status");
  const branch = git(ROOT, "branch", "--show-current");
  if (branch !== "main" && !isDry)
    throw new Refused(
      `this is ${branch === "" ? "no branch" : `branch ${branch}`}`,
      "release from main: git switch main",
    );
  const current = packages[0].version;
  const released = version ?? nextVersion(current);
  parseVersion(released);
  if (compareVersions(released, current) <= 0)
    throw new Refused(
      `${released} is not greater than ${current}`,
      `give a greater one, such as ${nextVersion(current)}`,
    );
  if (git(ROOT, "tag", "--list", `v${released}`) !== "")
    throw new Refused(`there is a tag v${released} already`, "give a greater version; what was released never changes");
  const entries = countUnreleased(ROOT);
  checkLockfile(ROOT);
  say(`checked: nothing uncommitted, ${branch === "main" ? "on main" : "not on main, which a dry run may be"}`);
  say(
    `checked: ${current} -> ${released}, ${entries} ${entries === 1 ? "entry" : "entries"} in the changelog, ` +
      "no address in the lockfile",
  );
  return released;
}

/** What is committed. */
function prepare(copy, packages, version) {
  setVersions(copy, packages, version);
  say(`version ${version}: ${packages.map(({ name }) => name).join(", ")}, the lockfile, the chart`);
  const date = new Date().toISOString().slice(0, 10);
  moveUnreleased(copy, version, date);
  say(`changelog: what was unreleased is ${version} of ${date}`);
  say(keepFixtures(copy, version));
  git(copy, "add", "--all");
  git(copy, "commit", "--quiet", "--no-verify", "-m", `release: ${version}`);
  git(copy, "tag", "--annotate", `v${version}`, "-m", `Rollcall ${version}`);
  say(`commit ${git(copy, "rev-parse", "--short", "HEAD")}, tag v${version}`);
}

/** A released version's stores and journals are opened by the tests of all later ones. @returns what was done */
function keepFixtures(copy, version) {
  const folder = join(copy, FIXTURES);
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const coming = names.filter((name) => name.endsWith("-dev"));
  if (names.includes(version))
    throw new Refused(`${FIXTURES}/${version} is there already`, "remove it, or release another");
  if (coming.length > 1)
    throw new Refused(`${FIXTURES} has ${coming.join(" and ")}`, "keep the one that npm run fixtures made last");
  if (coming.length === 0) return `fixtures: none to keep, ${FIXTURES} has no folder *-dev (npm run fixtures makes it)`;
  renameSync(join(folder, coming[0]), join(folder, version));
  return `fixtures: ${FIXTURES}/${coming[0]} is ${FIXTURES}/${version} from now on (npm run fixtures makes the next)`;
}

/** Packs what is built. @returns the packages' files */
function pack(copy, packages, version, folder) {
  mkdirSync(folder, { recursive: true });
  return packages.map((each) => {
    const args = ["pack", "--json", "--pack-destination", folder];
    const [packed] = Object.values(JSON.parse(run(join(copy, each.folder), "npm", args)));
    const files = packed.files.map(({ path }) => path);
    if (packed.name !== each.name || packed.version !== version)
      throw new Refused(`npm packed ${packed.name} ${packed.version}`, `it should be ${each.name} ${version}`);
    if (!files.includes("LICENSE"))
      throw new Refused(
        `${packed.filename} has no LICENSE`,
        `copy LICENSE to ${each.folder || "the project's folder"}`,
      );
    const sha256 = createHash("sha256")
      .update(readFileSync(join(folder, packed.filename)))
      .digest("hex");
    say(
      `packed ${packed.filename}: ${size(packed.size)}, unpacked ${size(packed.unpackedSize)}, ${files.length} files`,
    );
    say(`  sha256 ${sha256}`);
    return packed.filename;
  });
}

const size = (bytes) => (bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

/** The one step that changes the checkout: main goes on to the copy's commit. */
function takeOver(copy, version) {
  git(ROOT, "fetch", "--quiet", "--no-tags", copy, "HEAD");
  run(ROOT, "git", ["merge", "--quiet", "--ff-only", "FETCH_HEAD"], {
    remedy: "main has moved meanwhile: release again, from what it is now",
  });
  git(ROOT, "fetch", "--quiet", "--no-tags", copy, `refs/tags/v${version}:refs/tags/v${version}`);
}

function sayWhatIsLeft(version, files) {
  const channel = version.includes("-") ? " --tag next" : "";
  say(`\nmain is at ${version}, and nobody else knows yet. To publish it:`);
  say(`  git push origin main v${version}`);
  for (const file of files) say(`  npm publish ${file}${channel}`);
  say(`To take it back: git tag -d v${version} && git reset --keep HEAD~1`);
}

function release({ version, isDry, isTested, isKept, out }) {
  const packages = packagesOf(ROOT);
  const released = checkCheckout(packages, { version, isDry });
  const place = realpathSync(mkdtempSync(join(tmpdir(), "rollcall-release-")));
  const copy = join(place, "rollcall");
  const step = (script) => {
    say(`npm run ${script}`);
    run(copy, "npm", ["run", script], { shown: true, remedy: "nothing was released; repair it and release again" });
  };
  try {
    cloneCheckout(ROOT, copy, packages);
    say(`copy of HEAD: ${copy}`);
    prepare(copy, packages, released);
    if (isTested) step("verify");
    else say("npm run verify: left out, as asked");
    step("build");
    const packed = pack(copy, packages, released, join(place, "packages"));
    const left = git(copy, "status", "--porcelain");
    if (left !== "") throw new Refused(`tests or build changed what is committed:\n${left}`, "commit it, or ignore it");
    if (!isDry) takeOver(copy, released);
    const folder = out ?? (isDry ? undefined : join(ROOT, "dist-release"));
    if (folder) mkdirSync(folder, { recursive: true });
    if (folder) for (const file of packed) copyFileSync(join(place, "packages", file), join(folder, file));
    if (!isDry)
      sayWhatIsLeft(
        released,
        packed.map((file) => join(folder, file)),
      );
    else say(`\n${released} can be released. This was a dry run: the checkout is as it was`);
  } finally {
    if (isKept) say(`the copy is left: ${copy}`);
    else rmSync(place, { recursive: true, force: true });
  }
}

function parsed(args) {
  const boolean = { type: "boolean", default: false };
  const options = { "dry-run": boolean, "skip-tests": boolean, keep: boolean, help: boolean, out: { type: "string" } };
  try {
    return parseArgs({ args, allowPositionals: true, options });
  } catch (error) {
    throw new Misused(error.message);
  }
}

/** @throws Misused */
function optionsOf(args) {
  const { values, positionals } = parsed(args);
  const isDry = values["dry-run"];
  if (positionals.length > 1) throw new Misused("one version at most");
  // Without the two dashes npm takes the option for itself, and the script would release for good.
  if (process.env.npm_config_dry_run === "true" && !isDry)
    throw new Misused("npm took --dry-run for itself: npm run release -- --dry-run");
  if (!isDry && values["skip-tests"]) throw new Misused("--skip-tests goes with --dry-run: what is released is tested");
  if (!isDry && values.keep) throw new Misused("--keep goes with --dry-run");
  const out = values.out === undefined ? undefined : resolve(values.out);
  const [version] = positionals;
  return { version, isDry, isTested: !values["skip-tests"], isKept: values.keep, out, isHelp: values.help };
}

// A step that is interrupted fails, and the copy goes.
process.on("SIGINT", () => {});
try {
  const options = optionsOf(process.argv.slice(2));
  if (options.isHelp) process.stdout.write(HELP);
  else release(options);
} catch (error) {
  if (!(error instanceof Refused) && !(error instanceof Misused)) throw error;
  process.stderr.write(`release: ${error.message}\n`);
  process.stderr.write(error instanceof Refused ? `  remedy: ${error.remedy}\n` : "  npm run release -- --help\n");
  process.exitCode = error instanceof Refused ? 1 : 2;
}
