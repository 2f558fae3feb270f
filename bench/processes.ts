import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Program } from "../test/blackbox/program.ts";

/** Each has a part of the partitions, and together they have all. */
export async function allOwn(programs: readonly Program[], partitions: number): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const owned = await Promise.all(
      programs.map(async ({ url }) => {
        const metrics = await (await fetch(`${url}/metrics`)).text();
        return Number(/^rollcall_partitions_owned\{[^}]*\} (\d+)/m.exec(metrics)?.[1] ?? 0);
      }),
    );
    if (owned.every((each) => each > 0) && owned.reduce((sum, each) => sum + each, 0) === partitions) return;
    await sleep(100);
  }
  throw new Error("the partitions are not spread over the processes");
}

/** Of CPU (Linux, cgroup v1, root). @returns lifts the limit; what is in the group goes on in the root's */
export function limit(pid: number, ofACore: number): () => void {
  const root = "/sys/fs/cgroup/cpu";
  if (!existsSync(join(root, "cpu.cfs_quota_us")))
    throw new Error(`${root} is no cgroup v1 of cpu: a process can't be limited here`);
  const group = join(root, `rollcall-bench-${pid}`);
  mkdirSync(group);
  writeFileSync(join(group, "cpu.cfs_period_us"), "20000");
  writeFileSync(join(group, "cpu.cfs_quota_us"), String(20_000 * ofACore));
  writeFileSync(join(group, "cgroup.procs"), String(pid));
  return () => {
    writeFileSync(join(root, "cgroup.procs"), String(pid));
    rmdirSync(group);
  };
}
