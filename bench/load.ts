import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { latencyOf, type Latency, type LoadPoint } from "./measure.ts";

export interface BenchNode {
  readonly id: string;
  readonly index: number;
}

/** How a load reaches an engine: publishes introspections, and says when a node was accepted or became active. */
export interface Engine {
  introspect(nodes: readonly BenchNode[]): Promise<void>;
  /**
   * Where silent nodes are ended by a deadline: they say goodbye, so that none of it falls into what is measured next.
   */
  leave?(nodes: readonly BenchNode[]): Promise<void>;
  /** Called by the engine's side; the ACK is sent by it too. */
  onAccepted: (nodeId: string) => void;
  onActive: (nodeId: string) => void;
}

export interface LoadResult {
  readonly perSecond: number;
  readonly accepted: Latency;
  readonly active: Latency;
  readonly curve: readonly LoadPoint[];
}

export interface LoadSize {
  /** At once. */
  readonly count: number;
  readonly oneAtATime: number;
  readonly warmUp: number;
  /** Of the saturated rate. */
  readonly shares: readonly number[];
}

const SHARE_MS = 8_000;
const TICK_MS = 20;

const STALLED_MS = 60_000;

/** A warm-up, then as many as go at once, then one at a time, then at shares of the rate that was reached. */
export async function runLoad(
  engine: Engine,
  { count, oneAtATime, warmUp, shares, runId }: LoadSize & { readonly runId: string },
  hooks: {
    readonly onSaturation: () => Promise<void>;
    readonly onSaturated: () => Promise<void>;
    /** Resolves when what the nodes' leaving asks of the engine is done too: it is no part of what is measured next. */
    readonly onLeft?: () => Promise<void>;
  },
): Promise<LoadResult> {
  const sentAt = new Map<string, number>();
  const acceptedMs: number[] = [];
  const activeMs: number[] = [];
  let wanted = 0;
  let lastMs = 0;
  let reached = (): void => {};
  engine.onAccepted = (id) => {
    const since = sentAt.get(id);
    if (since !== undefined) acceptedMs.push(performance.now() - since);
  };
  engine.onActive = (id) => {
    const since = sentAt.get(id);
    if (since === undefined) return;
    sentAt.delete(id);
    lastMs = performance.now();
    activeMs.push(lastMs - since);
    if (--wanted === 0) reached();
  };
  let next = 0;
  let here: BenchNode[] = [];
  const leave = async (): Promise<void> => {
    await engine.leave?.(here);
    await hooks.onLeft?.();
    here = [];
  };
  /** `send` sends so many; resolves when all are active. */
  const registered = async (size: number, send: () => Promise<void>): Promise<void> => {
    wanted = size;
    lastMs = performance.now();
    const done = new Promise<void>((resolve, reject) => {
      const watch = setInterval(() => {
        if (performance.now() - lastMs > STALLED_MS)
          reject(
            new Error(`${wanted} of ${size} registrations did not become active: none did for ${STALLED_MS / 1_000} s`),
          );
      }, 1_000);
      reached = () => {
        clearInterval(watch);
        resolve();
      };
    });
    await send();
    await done;
  };
  const introspect = async (size: number): Promise<void> => {
    const nodes = Array.from({ length: size }, () => ({ id: `${runId}-${next}`, index: next++ }));
    here = here.concat(nodes);
    for (const { id } of nodes) sentAt.set(id, performance.now());
    await engine.introspect(nodes);
  };
  const register = (size: number): Promise<void> =>
    registered(size, async () => {
      for (let sent = 0; sent < size; sent += 500) await introspect(Math.min(500, size - sent));
    });
  /** Comes when it is due, whatever has become of those before. */
  const atRate = async (share: number, perSecond: number): Promise<LoadPoint> => {
    const size = Math.round((perSecond * SHARE_MS) / 1_000);
    activeMs.length = 0;
    await registered(size, async () => {
      const startedMs = performance.now();
      for (let sent = 0; sent < size;) {
        const due = Math.min(size, Math.ceil(((performance.now() - startedMs) / 1_000) * perSecond));
        if (due > sent) await introspect(due - sent);
        sent = Math.max(sent, due);
        await sleep(TICK_MS);
      }
    });
    return { share, perSecond: Math.round(perSecond), active: latencyOf(activeMs) };
  };

  await register(warmUp);
  await hooks.onSaturation();
  const startedMs = performance.now();
  await register(count);
  const perSecond = count / ((performance.now() - startedMs) / 1_000);
  await hooks.onSaturated();
  await leave();
  await sleep(1_000);
  acceptedMs.length = 0;
  activeMs.length = 0;
  for (let i = 0; i < oneAtATime; i++) await register(1);
  const alone = { accepted: latencyOf(acceptedMs), active: latencyOf(activeMs) };
  const curve: LoadPoint[] = [];
  for (const share of shares) {
    await leave();
    curve.push(await atRate(share, share * perSecond));
  }
  return { perSecond: Math.round(perSecond), ...alone, curve };
}
