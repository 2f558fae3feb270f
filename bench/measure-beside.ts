import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { status } from "../test/real/services/services.ts";
import type { Figures } from "./comparison.ts";
import { type Engine, Load } from "./load.ts";
import type { RunningEngine } from "./measure-engine.ts";
import { cpuSeconds, peakRssMiB, rssMiB } from "./measure.ts";
import { checkpoint, rowsWritten, STATISTICS_TOLD_MS, walBytes } from "./postgres-counters.ts";

/** An engine that runs, and how a load reaches it. */
export interface MeasuredEngine {
  readonly running: RunningEngine;
  readonly load: Engine;
  /** Postgres' URL; nothing else may write on that server. */
  readonly database: string;
  /** A part of the entities' ids. */
  readonly runId: string;
  /** So many before anything counts. */
  readonly warmUp: number;
}

export const RATE = "rate, per s";

const CONNECTIONS_ENDED_MS = 1_000;

/** So many entities at once, until all that they ask for is done. The engine is stopped for it. */
export async function measureAtOnce(measured: MeasuredEngine, count: number): Promise<Figures> {
  const { running, database } = measured;
  const work = await warmedUp(measured);
  await sleep(STATISTICS_TOLD_MS);
  const rowsBefore = await rowsWritten(database);
  await checkpoint(database);
  const before = await spent(measured);
  const startedMs = performance.now();
  await work.run(count);
  const perSecond = count / ((performance.now() - startedMs) / 1_000);
  await running.settled?.();
  const after = await spent(measured);
  const memory = sumsOf(running.pids, { "RSS, MiB": rssMiB, "peak RSS, MiB": peakRssMiB });
  await running.stop();
  await sleep(CONNECTIONS_ENDED_MS);
  const rows = (await rowsWritten(database)) - rowsBefore;
  const cpu = Object.entries(after.cpu).map(([name, seconds]) => [
    `CPU s per 1,000, ${name}`,
    ((seconds - (before.cpu[name] ?? 0)) / count) * 1_000,
  ]);
  return {
    [RATE]: perSecond,
    ...(Object.fromEntries(cpu) as Figures),
    "WAL bytes each": (after.walBytes - before.walBytes) / count,
    "rows written each": rows / count,
    ...memory,
  };
}

/** Entities one at a time, and then as they come at a rate that the engine can hold. */
export async function measureLatencies(
  measured: MeasuredEngine,
  { oneAtATime, perSecond }: { readonly oneAtATime: number; readonly perSecond: number },
): Promise<Figures> {
  const { running, load, database } = measured;
  const work = await warmedUp(measured);
  await checkpoint(database);
  const walBefore = await walBytes(database);
  work.forgetLatencies();
  for (let i = 0; i < oneAtATime; i++) await work.run(1);
  const alone = work.latencies()[load.steps.at(-1) ?? ""];
  await running.settled?.();
  const wal = (await walBytes(database)) - walBefore;
  await leave(measured, work);
  const { latency } = await work.atRate(perSecond);
  return {
    "alone p50, ms": alone?.p50 ?? Number.NaN,
    "alone p99, ms": alone?.p99 ?? Number.NaN,
    "alone, WAL bytes each": wal / oneAtATime,
    "at half p50, ms": latency.p50,
    "at half p99, ms": latency.p99,
  };
}

async function warmedUp(measured: MeasuredEngine): Promise<Load> {
  const work = new Load(measured.load, measured.runId);
  await work.run(measured.warmUp);
  await leave(measured, work);
  return work;
}

async function leave({ running }: MeasuredEngine, work: Load): Promise<void> {
  await work.leave();
  await running.settled?.();
}

/** Until now; CPU seconds by process: the engine's own, and each service's where it is known. */
async function spent({ running, database }: MeasuredEngine) {
  const services = (await status())?.services ?? [];
  const ofServices = services.flatMap(({ name, pid }) => (pid === null ? [] : [[name, cpuSeconds(pid)] as const]));
  const cpu: Figures = { ...sumsOf(running.pids, { engine: cpuSeconds }), ...Object.fromEntries(ofServices) };
  return { cpu, walBytes: await walBytes(database) };
}

const sumsOf = (pids: readonly number[], measures: Readonly<Record<string, (pid: number) => number>>): Figures =>
  Object.fromEntries(
    Object.entries(measures).map(([name, measure]) => [name, pids.reduce((sum, pid) => sum + measure(pid), 0)]),
  );
