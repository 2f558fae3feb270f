import { readdirSync, readFileSync } from "node:fs";

/** The kernel's clock ticks a second, for /proc/PID/stat. */
const TICKS = 100;

/** CPU seconds used so far by a process, its children that ended, and its descendants that live (Linux). */
export function cpuSeconds(root: number): number {
  const processes = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap(readStat);
  const family = new Set([root]);
  let ticks = 0;
  // A child's id is nearly always higher than its parent's; those that are not come with the next pass.
  for (let known = 0; known < family.size;) {
    known = family.size;
    for (const { pid, parent } of processes) if (family.has(parent)) family.add(pid);
  }
  for (const { pid, own, ended } of processes) if (family.has(pid)) ticks += own + ended;
  return ticks / TICKS;
}

function readStat(pid: string): { pid: number; parent: number; own: number; ended: number }[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ")
      .map(Number);
    const at = (index: number): number => fields[index] ?? 0;
    return [{ pid: Number(pid), parent: at(1), own: at(11) + at(12), ended: at(13) + at(14) }];
  } catch {
    return []; // it ended meanwhile
  }
}

/** Resident memory of a process now, MiB. */
export const rssMiB = (pid: number): number => memoryMiB(pid, /VmRSS:\s+(\d+)/);

/** The most resident memory that a process has had, MiB. */
export const peakRssMiB = (pid: number): number => memoryMiB(pid, /VmHWM:\s+(\d+)/);

function memoryMiB(pid: number, line: RegExp): number {
  const [, kib] = line.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Math.round(Number(kib ?? 0) / 1024);
}

export interface Latency {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** Percentiles in ms, two decimals. */
export function latencyOf(samplesMs: readonly number[]): Latency {
  const sorted = Float64Array.from(samplesMs).sort();
  const at = (share: number): number =>
    Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(2));
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

/** Latencies to the last step at a share of the saturated rate, with an entity coming whenever it is due. */
export interface LoadPoint {
  readonly share: number;
  readonly perSecond: number;
  readonly latency: Latency;
}

/** One engine's figures. */
export interface Result {
  readonly engine: string;
  readonly count: number;
  readonly perSecond: number;
  /** From an entity's beginning to each step, one at a time, ms. */
  readonly latencies: Readonly<Record<string, Latency>>;
  /** Of the engine's own process. */
  readonly cpuSecondsPer1000: number;
  /** Of the services for it; not known where they run in Docker. */
  readonly servicesCpuSecondsPer1000?: number;
  /** Postgres' log, for each entity. */
  readonly walBytes?: number;
  readonly curve: readonly LoadPoint[];
  readonly rssMiB: number;
}
