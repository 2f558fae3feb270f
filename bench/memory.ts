import { readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** `ms bytes`, a line for each collection of garbage. */
const MEMORY_FILE = join(tmpdir(), `rollcall-soak-${process.pid}`);

/** Environment of a program whose heap is small. */
export const HEAP = { NODE_OPTIONS: "--max-old-space-size=256" };
/** The same, and it tells its memory behind each collection of garbage. */
export const COLLECTED = {
  NODE_OPTIONS: `${HEAP.NODE_OPTIONS} --import ${new URL("collect-garbage.mjs", import.meta.url)}`,
  SOAK_MEMORY_FILE: MEMORY_FILE,
};

interface MemorySample {
  readonly atMs: number;
  readonly mib: number;
}

/** What the program has told; the next one begins anew. */
export function takeCollections(): readonly MemorySample[] {
  const lines = readFileSync(MEMORY_FILE, "utf8").trim().split("\n");
  rmSync(MEMORY_FILE);
  return lines
    .map((line) => line.split(" ").map(Number))
    .map(([atMs = 0, bytes = 0]) => ({ atMs, mib: bytes / 1_024 / 1_024 }));
}

/** Files and sockets that a process has open (Linux). */
export const handlesOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** MiB, by least squares. */
export function slopePerHour(samples: readonly MemorySample[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [at, mib] = [mean(samples.map((sample) => sample.atMs)), mean(samples.map((sample) => sample.mib))];
  const over = samples.reduce((sum, sample) => sum + (sample.atMs - at) * (sample.mib - mib), 0);
  const under = samples.reduce((sum, sample) => sum + (sample.atMs - at) ** 2, 0);
  return (over / under) * 3_600_000;
}
