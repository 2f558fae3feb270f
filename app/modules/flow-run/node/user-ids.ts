import { readFileSync } from "node:fs";
import type { RunAs } from "./scope-schema.ts";
import { ScopeError } from "./read-scope.ts";

export interface UserIds {
  readonly uid: number;
  readonly gid: number;
}

/** @throws ScopeError, when there is no such user, or this process may not become it */
export function userIds(user: RunAs, passwd = "/etc/passwd"): UserIds {
  const ids = typeof user === "string" ? byName(user, passwd) : user;
  const own = process.getuid?.();
  if (own === 0 || own === ids.uid) return ids;
  throw new ScopeError(
    `run_as: ${JSON.stringify(user)}: this process may not run programs as another user: start it as root, or in a ` +
      "container of its own without run_as",
  );
}

function byName(name: string, passwd: string): UserIds {
  const lines = readFileSync(passwd, "utf8").split("\n");
  const [, , uid, gid] = lines.map((line) => line.split(":")).find(([known]) => known === name) ?? [];
  if (uid === undefined || gid === undefined)
    throw new ScopeError(`run_as: there is no user ${name} on this machine: create it, or name another one`);
  return { uid: Number(uid), gid: Number(gid) };
}
