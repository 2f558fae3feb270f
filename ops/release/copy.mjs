import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { Refused } from "./refused.mjs";

/** What a commit and a tag of the copy are made by, as in the checkout. */
const IDENTITY = ["user.name", "user.email", "user.signingkey", "gpg.format", "commit.gpgsign", "tag.gpgsign"];

/** By these git is told which repository is meant, by a hook of it for one: not the copy. npm's is not for npm pack. */
const NOT_HANDED_ON = [
  "GIT_COMMON_DIR",
  "GIT_DIR",
  "GIT_INDEX_FILE",
  "GIT_OBJECT_DIRECTORY",
  "GIT_PREFIX",
  "GIT_WORK_TREE",
  "npm_config_dry_run",
];
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !NOT_HANDED_ON.includes(name)));
env.npm_config_update_notifier = "false";

/**
 * Runs a program to its end. What it prints is shown when it fails, or as it comes with `shown`.
 * @returns its standard output, trimmed; nothing of it with `shown`
 * @throws Refused: it failed
 */
export function run(cwd, command, args, { shown = false, remedy = "see what it says" } = {}) {
  const stdio = shown ? ["ignore", "inherit", "inherit"] : ["ignore", "pipe", "pipe"];
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd,
    stdio,
    env,
    encoding: "utf8",
    maxBuffer: 64 << 20,
  });
  if (error) throw new Refused(`${command} can't be run: ${error.message}`, `install ${command}`);
  if (status !== 0) {
    const said = `${stdout ?? ""}${stderr ?? ""}`.trim();
    throw new Refused(`${[command, ...args].join(" ")} failed${said === "" ? "" : `:\n${said}`}`, remedy);
  }
  return stdout?.trim() ?? "";
}

export const git = (cwd, ...args) => run(cwd, "git", args);

/** Clones the checkout's HEAD: the checkout itself is not touched until everything has succeeded. */
export function cloneCheckout(root, copy, packages) {
  git(root, "clone", "--quiet", "--no-tags", root, copy);
  for (const name of IDENTITY) {
    const { status, stdout } = spawnSync("git", ["config", "--get", name], { cwd: root, env, encoding: "utf8" });
    if (status === 0) git(copy, "config", name, stdout.trim());
  }
  linkInstalled(root, copy, packages);
  const downloads = join(root, ".services/downloads");
  if (!existsSync(downloads)) return;
  mkdirSync(join(copy, ".services"));
  symlinkSync(downloads, join(copy, ".services/downloads"));
}

/** The checkout's packages, each by a link; but the workspaces are the copy's own. */
function linkInstalled(root, copy, packages) {
  const from = join(root, "node_modules");
  const to = join(copy, "node_modules");
  if (!existsSync(from)) throw new Refused("there is no node_modules", "npm ci");
  const own = new Map(packages.filter(({ folder }) => folder !== "").map(({ name, folder }) => [name, folder]));
  const names = readdirSync(from).flatMap((name) =>
    name.startsWith("@") ? readdirSync(join(from, name)).map((inner) => `${name}/${inner}`) : [name],
  );
  mkdirSync(to);
  for (const name of new Set([...names, ...own.keys()])) {
    if (name.startsWith(".") && name !== ".bin") continue;
    if (name.includes("/")) mkdirSync(join(to, name.split("/")[0]), { recursive: true });
    symlinkSync(own.has(name) ? join(copy, own.get(name)) : join(from, name), join(to, name));
  }
}
