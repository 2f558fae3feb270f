import { type ChildProcess, spawn } from "node:child_process";
import { type FSWatcher, readdirSync, statSync, watch } from "node:fs";
import { basename, join, relative } from "node:path";

/** A process begins with them: what it has read, it does not read again. */
const CODE = /\.([cm]?[jt]s|sql)$/;
/** An editor writes a file in several steps, a compiler several files. */
const DEBOUNCE_MS = 200;
/** More than the process takes to drain. */
const END_MS = 12_000;
const FOLDERS_MAX = 1_000;

/**
 * Runs this command line in a process of its own, with `--supervised` behind its verb: anew each time code in the
 * folders changes, as soon as the process before has ended. It ends with that process, but for one that failed by
 * itself.
 * @param say tells whoever works at the terminal
 */
export function restartOnChange(folders: readonly string[], say: (text: string) => void): void {
  let child: ChildProcess | undefined;
  let isChanged = false;
  let isStopping = false;

  const begin = (): void => {
    const [script = "", verb = "", ...rest] = process.argv.slice(1);
    isChanged = false;
    child = spawn(process.execPath, [...process.execArgv, script, verb, "--supervised", ...rest], {
      stdio: ["inherit", "inherit", "inherit", "ipc"],
    }).once("exit", (code, signal) => {
      child = undefined;
      if (isStopping || (code === 0 && !isChanged)) process.exit(code ?? 1);
      if (isChanged) begin();
      else say(`the process ended (${code ?? signal}): it starts anew when the code changes`);
    });
  };
  const end = (): void => {
    const ending = child;
    ending?.kill("SIGTERM");
    // Code that never comes to an end does not hear the signal.
    setTimeout(() => ending?.kill("SIGKILL"), END_MS).unref();
  };
  watchCode(folders, say, (file) => {
    if (isStopping || (isChanged && child)) return;
    isChanged = true;
    say(`${relative(process.cwd(), file)} has changed: starting anew`);
    if (child) end();
    else begin();
  });
  const stop = (): void => {
    isStopping = true;
    if (child) end();
    else process.exit(0);
  };
  process.on("SIGTERM", stop).on("SIGINT", stop);
  process.on("SIGHUP", () => child?.kill("SIGHUP"));
  begin();
}

/** Calls back, once for changes that follow one another, with a file below the folders; node_modules is left out. */
function watchCode(folders: readonly string[], say: (text: string) => void, onChange: (file: string) => void): void {
  const watchers = new Map<string, FSWatcher>();
  let timer: NodeJS.Timeout | undefined;
  const look = (folder: string, name: string | null): void => {
    const path = join(folder, name ?? "");
    if (isWatchable(path)) watchBelow(path);
    if (name === null || !CODE.test(name)) return;
    clearTimeout(timer);
    timer = setTimeout(() => onChange(path), DEBOUNCE_MS);
  };
  const watchBelow = (folder: string): void => {
    if (watchers.has(folder)) return;
    if (watchers.size === FOLDERS_MAX) return say(`${folder} is not watched: more than ${FOLDERS_MAX} folders`);
    const watcher = watch(folder, (_event, name) => look(folder, name));
    watcher.on("error", () => {
      watcher.close();
      watchers.delete(folder);
    });
    watchers.set(folder, watcher);
    for (const name of readdirSync(folder)) if (isWatchable(join(folder, name))) watchBelow(join(folder, name));
  };
  for (const folder of new Set(folders)) watchBelow(folder);
  say(
    `watching the code in ${[...new Set(folders)].map((folder) => relative(process.cwd(), folder) || ".").join(", ")}`,
  );
}

const isWatchable = (path: string): boolean =>
  !/^\.|^node_modules$/.test(basename(path)) && (statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false);
