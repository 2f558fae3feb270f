import { status } from "../test/real/services/services.ts";
import { type Engine, type LoadSize, runLoad } from "./load.ts";
import { cpuSeconds, type Result, rssMiB } from "./measure.ts";
import { walBytes } from "./postgres-counters.ts";

/** An engine in processes of its own. */
export interface RunningEngine {
  stop(): Promise<unknown>;
  /** The processes whose CPU is the engine's: a server that it needs for itself is among them. */
  readonly pids: readonly number[];
  /** Resolves when nothing is under way in it. */
  readonly settled?: () => Promise<void>;
  /** Rejects when what was measured is not what was meant to be. */
  readonly verify?: () => Promise<void>;
}

/** @param database Postgres' URL */
export async function measureEngine(
  name: string,
  running: RunningEngine,
  load: Engine,
  size: LoadSize & { readonly runId: string },
  database: string,
): Promise<Result> {
  const { count } = size;
  const pids = (await status())?.services.flatMap(({ pid }) => pid ?? []) ?? [];
  const sum = (of: readonly number[], measure: (pid: number) => number): number =>
    of.reduce((total, pid) => total + measure(pid), 0);
  const used = async () => ({
    engine: sum(running.pids, cpuSeconds),
    services: sum(pids, cpuSeconds),
    walBytes: await walBytes(database),
  });
  let before = await used();
  let after = before;
  const found = await runLoad(load, size, {
    onSaturation: async () => void (before = await used()),
    onSaturated: async () => void (after = await used()),
    ...(running.settled && { onLeft: running.settled }),
  });
  await running.verify?.();
  const per1000 = (seconds: number): number => Number(((seconds / count) * 1_000).toFixed(3));
  return {
    engine: name,
    count,
    ...found,
    cpuSecondsPer1000: per1000(after.engine - before.engine),
    ...(pids.length > 0 && { servicesCpuSecondsPer1000: per1000(after.services - before.services) }),
    walBytes: Math.round((after.walBytes - before.walBytes) / count),
    rssMiB: sum(running.pids, rssMiB),
  };
}

/** The round in the middle, by rate. */
export const median = (rounds: readonly Result[]): Result[] =>
  rounds.toSorted((a, b) => a.perSecond - b.perSecond).slice(rounds.length >> 1, (rounds.length >> 1) + 1);
