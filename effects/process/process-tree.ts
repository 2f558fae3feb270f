import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** The variable by which all that a run has started is found: children inherit it, into sessions of their own too. */
export const MARK_VARIABLE = "ROLLCALL_RUN";
const POLL_MS = 50;
const KILLS_MAX = 100;

/** All that a run has started: by what is in its environment, and by the group of the process that was started. */
export interface Tree {
  /** Value of the variable; or, where it ends in a slash, how that begins. */
  readonly mark: string;
  readonly groupId?: number | undefined;
}

/**
 * Ends processes: SIGTERM, after the grace SIGKILL, until none is left. The group is signalled although its leader has
 * gone. Where there is no /proc, the group alone is found.
 * @throws Error when some can't be ended
 */
export async function endTree(tree: Tree, graceMs: number): Promise<void> {
  if (!signalAll(tree, "SIGTERM")) return;
  for (let waitedMs = 0; waitedMs < graceMs; waitedMs += POLL_MS) {
    await sleep(POLL_MS);
    if (living(tree).length === 0) return;
  }
  for (let kills = 0; kills < KILLS_MAX; kills++) {
    if (!signalAll(tree, "SIGKILL")) return;
    await sleep(POLL_MS);
  }
  throw new Error(`processes ${living(tree).join(", ")} of a run can't be ended`);
}

/** Ids of processes that are not zombies. A group's is given as a negative number where processes can't be listed. */
export function living({ mark, groupId }: Tree): readonly number[] {
  const ids = processIds();
  if (!ids) return groupId !== undefined && signal(-groupId, 0) ? [-groupId] : [];
  const entry = Buffer.from(`\0${MARK_VARIABLE}=${mark}${mark.endsWith("/") ? "" : "\0"}`);
  return ids.filter((id) => {
    const { state, group } = statOf(id);
    if (state === "Z" || state === "X" || state === "") return false;
    return group === groupId || hasEntry(id, entry);
  });
}

/** @returns whether there was one */
function signalAll(tree: Tree, name: NodeJS.Signals): boolean {
  const ids = living(tree);
  // Also what was forked since the list was made.
  if (tree.groupId !== undefined && ids.length > 0) signal(-tree.groupId, name);
  for (const id of ids) signal(id, name);
  return ids.length > 0;
}

function signal(id: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(id, name);
  } catch {
    return false;
  }
}

function processIds(): readonly number[] | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return undefined;
  }
}

function statOf(id: number): { readonly state: string; readonly group: number | undefined } {
  try {
    const text = readFileSync(`/proc/${id}/stat`, "latin1");
    // A program's name is in parentheses, and may have any character.
    const [state = "", , group] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state, group: Number(group) };
  } catch {
    return { state: "", group: undefined };
  }
}

function hasEntry(id: number, entry: Buffer): boolean {
  try {
    return Buffer.concat([Buffer.from("\0"), readFileSync(`/proc/${id}/environ`)]).includes(entry);
  } catch {
    return false;
  }
}
