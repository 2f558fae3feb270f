import { execFile, execFileSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../tidy/sources.ts";

interface Manifest {
  name: string;
  version: string;
  workspaces?: string[];
  scripts: Record<string, string>;
}
interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const run = promisify(execFile);
const place = realpathSync(mkdtempSync(join(tmpdir(), "rollcall-release-test-")));
const origin = join(place, "origin");
const manifestIn = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
const { version: current, workspaces = [] } = manifestIn(ROOT);
const [major = 0, minor = 0] = current.split(".").map(Number);
const next = `${major}.${minor + 1}.0`;
const packages = ["", ...workspaces].map((folder) => ({ folder, name: manifestIn(join(ROOT, folder)).name }));
const tarballs = packages.map(({ name }) => `${name}-${next}.tgz`);

/** Git sets these variables in hooks; with them every git command here would use the hook's repository. */
const ownEnv = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_")));
const git = (cwd: string, ...args: string[]): string =>
  execFileSync("git", args, { cwd, env: ownEnv, encoding: "utf8" }).trim();

/** The state of a checkout, by git and by its files. */
const stateOf = (checkout: string): object => ({
  status: git(checkout, "status", "--porcelain", "--ignored"),
  refs: git(checkout, "for-each-ref"),
  head: git(checkout, "rev-parse", "HEAD"),
  objects: git(checkout, "count-objects"),
});

/** A repository with the working tree committed on main, so that uncommitted changes are tested too. */
function makeOrigin(): void {
  const listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0");
  for (const path of listed.filter((path) => path !== "" && existsSync(join(ROOT, path)))) {
    mkdirSync(dirname(join(origin, path)), { recursive: true });
    cpSync(join(ROOT, path), join(origin, path));
  }
  git(origin, "init", "--quiet", "-b", "main");
  nameAuthor(origin);
  git(origin, "add", "--all");
  git(origin, "commit", "--quiet", "-m", "all of it");
}

function nameAuthor(checkout: string): void {
  git(checkout, "config", "user.name", "Releaser");
  git(checkout, "config", "user.email", "releaser@example.com");
  for (const signed of ["commit", "tag"]) git(checkout, "config", `${signed}.gpgsign`, "false");
}

/** A clone that a test may change, with the installed packages of this checkout. */
function cloneOf(name: string): string {
  const checkout = join(place, name);
  git(place, "clone", "--quiet", origin, checkout);
  nameAuthor(checkout);
  appendFileSync(join(checkout, ".git/info/exclude"), "/node_modules\n");
  symlinkSync(join(ROOT, "node_modules"), join(checkout, "node_modules"));
  return checkout;
}

/** With a TMPDIR of its own, so that the test sees what is left there. */
function release(checkout: string, ...args: string[]): Promise<Said> {
  const temporary = join(place, "temporary");
  mkdirSync(temporary, { recursive: true });
  const env = { ...ownEnv, TMPDIR: temporary, npm_config_dry_run: undefined };
  return run(process.execPath, ["ops/release.mjs", ...args], { cwd: checkout, env, maxBuffer: 64 << 20 }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: Said) => error,
  );
}

const leftInTemporary = (): readonly string[] => readdirSync(join(place, "temporary"));

function replaceScripts(checkout: string, scripts: Record<string, string>): void {
  const manifest = manifestIn(checkout);
  Object.assign(manifest.scripts, scripts);
  writeFileSync(join(checkout, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  git(checkout, "commit", "--quiet", "--all", "-m", "other scripts");
}

/** Adds fixtures for the coming version, where there are none yet. */
function keepComingFixtures(checkout: string): void {
  const fixtures = join(checkout, "test/fixtures");
  mkdirSync(fixtures, { recursive: true });
  if (readdirSync(fixtures).some((name) => name.endsWith("-dev"))) return;
  mkdirSync(join(fixtures, `${next}-dev`));
  write(checkout, `test/fixtures/${next}-dev/store.txt`, "a store\n");
  git(checkout, "add", "--all");
  git(checkout, "commit", "--quiet", "-m", "fixtures");
}

const write = (checkout: string, path: string, text: string): void => writeFileSync(join(checkout, path), text);
const change = (checkout: string, path: string, edit: (text: string) => string): void =>
  write(checkout, path, edit(readFileSync(join(checkout, path), "utf8")));

/** An unpacked archive has no git repository, and can't be released. */
const isCheckout = existsSync(join(ROOT, ".git"));

beforeAll(() => {
  if (isCheckout) makeOrigin();
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

describe.skipIf(!isCheckout)("npm run release", { timeout: 600_000 }, () => {
  it("dry: builds and packs a version in a copy, and leaves the checkout as it was", async () => {
    const checkout = cloneOf("dry");
    keepComingFixtures(checkout);
    const before = stateOf(checkout);
    const out = join(place, "packages");

    const said = await release(checkout, "--dry-run", "--skip-tests", "--keep", "--out", out);
    expect(said).toMatchObject({ code: 0 });
    expect(stateOf(checkout)).toEqual(before);
    expect(readdirSync(out).toSorted()).toEqual(tarballs.toSorted());
    for (const file of tarballs) expect(said.stdout).toMatch(new RegExp(`${file}: .*\n  sha256 [0-9a-f]{64}\n`));

    const copy = /the copy is left: (.+)/.exec(said.stdout)?.[1] ?? "";
    for (const { folder } of packages) expect(manifestIn(join(copy, folder)).version).toBe(next);
    const lock = JSON.parse(readFileSync(join(copy, "package-lock.json"), "utf8")) as {
      version: string;
      packages: Record<string, { version: string }>;
    };
    expect([lock.version, ...packages.map(({ folder }) => lock.packages[folder]?.version)]).toEqual(
      ["", ...packages].map(() => next),
    );
    const [, coming, released = ""] = readFileSync(join(copy, "CHANGELOG.md"), "utf8").split(/^## /m);
    expect(coming).toBe("Unreleased\n\n");
    expect(released.split("\n")[0]).toMatch(/^\d+\.\d+\.\d+ - \d{4}-\d\d-\d\d$/);
    expect(released.startsWith(`${next} - `)).toBe(true);
    expect(released).toMatch(/^- /m);
    const fixtures = readdirSync(join(copy, "test/fixtures"));
    expect([fixtures.includes(next), fixtures.filter((name) => name.endsWith("-dev"))]).toEqual([true, []]);
    expect(git(copy, "log", "-1", "--format=%s %an")).toBe(`release: ${next} Releaser`);
    expect(git(copy, "tag", "--points-at", "HEAD")).toBe(`v${next}`);
    rmSync(dirname(copy), { recursive: true });
  });

  it("moves main when all has succeeded, and prints how to publish", async () => {
    const checkout = cloneOf("real");
    replaceScripts(checkout, { verify: "node --version", build: "node --version" });
    const head = git(checkout, "rev-parse", "HEAD");

    const said = await release(checkout, `${next}-rc.1`);
    expect(said).toMatchObject({ code: 0 });
    expect(git(checkout, "rev-parse", "HEAD~1")).toBe(head);
    expect(git(checkout, "describe", "--exact-match")).toBe(`v${next}-rc.1`);
    expect(git(checkout, "status", "--porcelain")).toBe("");
    expect(manifestIn(checkout).version).toBe(`${next}-rc.1`);
    expect(readdirSync(join(checkout, "dist-release")).length).toBe(packages.length);
    expect(said.stdout).toContain(`git push origin main v${next}-rc.1`);
    expect(said.stdout).toMatch(/npm publish \S+\.tgz --tag next/);
    expect(leftInTemporary()).toEqual([]);
  });

  it.each(["verify", "build"])("changes nothing when npm run %s fails", async (script) => {
    const checkout = cloneOf(`fails-${script}`);
    replaceScripts(checkout, { verify: "node --version", build: "node --version", [script]: "node --no-such-option" });
    const before = stateOf(checkout);
    const said = await release(checkout);
    expect(said).toMatchObject({ code: 1 });
    expect(said.stderr).toMatch(new RegExp(`npm run ${script} failed[^]*remedy: `));
    expect(stateOf(checkout)).toEqual(before);
    expect(leftInTemporary()).toEqual([]);
  });
});

interface Refusal {
  readonly edit?: (checkout: string) => void;
  /** Whether the edit stays as it is, without a commit. */
  readonly isUncommitted?: boolean;
  readonly args?: readonly string[];
  readonly says: RegExp;
  readonly code?: number;
}

const unreleased = /^## Unreleased\n[^]*?(?=^## |(?![^]))/m;
const REFUSALS: Readonly<Record<string, Refusal>> = {
  "a change that is not committed": {
    edit: (checkout) => write(checkout, "README.md", "changed"),
    isUncommitted: true,
    says: /not committed\n {2}remedy: commit/,
  },
  "a file that git does not know": {
    edit: (checkout) => write(checkout, "new.txt", "new"),
    isUncommitted: true,
    says: /not committed/,
  },
  "another branch than main": {
    edit: (checkout) => void git(checkout, "switch", "--quiet", "-c", "other"),
    args: [],
    says: /branch other\n {2}remedy: .*git switch main/,
  },
  "no branch at all": {
    edit: (checkout) => void git(checkout, "switch", "--quiet", "--detach"),
    args: [],
    says: /no branch/,
  },
  "a changelog with nothing unreleased": {
    edit: (checkout) => change(checkout, "CHANGELOG.md", (text) => text.replace(unreleased, "## Unreleased\n\n")),
    says: /nothing under "## Unreleased"/,
  },
  "a changelog without the section": {
    edit: (checkout) => change(checkout, "CHANGELOG.md", (text) => text.replace("## Unreleased\n", "## Other\n")),
    says: /no section "## Unreleased"/,
  },
  "the version that is there": { args: ["--dry-run", current], says: /is not greater than/ },
  "a lower version": { args: ["--dry-run", "0.0.9"], says: /0\.0\.9 is not greater than/ },
  "a prerelease of the version that is there": { args: ["--dry-run", `${current}-rc.1`], says: /is not greater than/ },
  "no semantic version": { args: ["--dry-run", "01.2"], says: /01\.2 is no semantic version/ },
  "build metadata": { args: ["--dry-run", `${next}+5`], says: /is no semantic version/ },
  "a version that was released": {
    edit: (checkout) => void git(checkout, "tag", `v${next}`),
    says: /there is a tag v/,
  },
  "a lockfile with a download address": {
    edit: (checkout) =>
      change(checkout, "package-lock.json", (text) =>
        text.replace('"integrity":', '"resolved": "https://packages.example/a.tgz",\n      "integrity":'),
      ),
    says: /has download addresses, 1 of them/,
  },
  "a workspace that is not there": {
    edit: (checkout) =>
      change(checkout, "package.json", (text) =>
        JSON.stringify({ ...(JSON.parse(text) as Manifest), workspaces: ["nowhere"] }),
      ),
    says: /names the workspace nowhere/,
  },
  "a release without tests": { args: ["--skip-tests"], says: /--skip-tests goes with --dry-run/, code: 2 },
  "a release whose copy stays": { args: ["--keep"], says: /--keep goes with --dry-run/, code: 2 },
  "two versions": { args: ["--dry-run", "1.0.0", "2.0.0"], says: /one version at most/, code: 2 },
  "an option that there is not": { args: ["--publish"], says: /--publish/, code: 2 },
};

describe.skipIf(!isCheckout)("npm run release refuses", () => {
  let checkout = "";
  beforeAll(() => {
    checkout = cloneOf("refused");
  });

  it.each(Object.entries(REFUSALS))("%s", async (_, { edit, isUncommitted, args = ["--dry-run"], says, code = 1 }) => {
    const head = git(checkout, "rev-parse", "HEAD");
    edit?.(checkout);
    if (!isUncommitted && git(checkout, "status", "--porcelain") !== "")
      git(checkout, "commit", "--quiet", "--all", "-m", "edited");
    const before = stateOf(checkout);
    expect(await release(checkout, ...args)).toMatchObject({ code, stderr: expect.stringMatching(says) as string });
    expect(stateOf(checkout)).toEqual(before);
    git(checkout, "switch", "--quiet", "--force", "-C", "main", head);
    git(checkout, "clean", "--quiet", "--force", "-d");
    git(checkout, "tag", "--list", "--format=%(refname:short)")
      .split("\n")
      .filter(Boolean)
      .forEach((tag) => git(checkout, "tag", "--delete", tag));
  });

  it("--dry-run where npm took it for itself", async () => {
    const said = await run(process.execPath, ["ops/release.mjs"], {
      cwd: checkout,
      env: { ...ownEnv, npm_config_dry_run: "true" },
    }).catch((error: Said) => error);
    expect(said).toMatchObject({ code: 2, stderr: expect.stringContaining("npm run release -- --dry-run") as string });
  });
});
