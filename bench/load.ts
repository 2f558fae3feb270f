import { performance } from "node:perf_hooks";
import { latencyOf, type Latency } from "./measure.ts";

/** How a load reaches an engine: publishes introspections, and says when a node was accepted or became active. */
export interface Engine {
  introspect(nodes: readonly { readonly id: string; readonly index: number }[]): Promise<void>;
  /** Called by the engine's side; the ACK is sent by it too. */
  onAccepted: (nodeId: string) => void;
  onActive: (nodeId: string) => void;
}

export interface LoadResult {
  readonly perSecond: number;
  readonly accepted: Latency;
  readonly active: Latency;
}

const STALLED_MS = 60_000;

/** A warm-up, then as many as go at once, then one at a time. */
export async function runLoad(
  engine: Engine,
  { count, oneAtATime, warmUp, runId }: { count: number; oneAtATime: number; warmUp: number; runId: string },
  hooks: { onSaturation: () => void; onSaturated: () => void },
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
  const register = async (size: number): Promise<void> => {
    wanted = size;
    lastMs = performance.now();
    const done = new Promise<void>((resolve, reject) => {
      const watch = setInterval(() => {
        if (performance.now() - lastMs > STALLED_MS) reject(new Error(`${wanted} of ${size} registrations did not become active: none did for ${STALLED_MS / 1_000} s`)); // prettier-ignore
      }, 1_000);
      reached = () => {
        clearInterval(watch);
        resolve();
      };
    });
    for (let sent = 0; sent < size; sent += 500) {
      const nodes = Array.from({ length: Math.min(500, size - sent) }, () => ({
        id: `${runId}-${next}`,
        index: next++,
      }));
      for (const { id } of nodes) sentAt.set(id, performance.now());
      await engine.introspect(nodes);
    }
    await done;
  };

  await register(warmUp);
  hooks.onSaturation();
  const startedMs = performance.now();
  await register(count);
  const seconds = (performance.now() - startedMs) / 1_000;
  hooks.onSaturated();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  acceptedMs.length = 0;
  activeMs.length = 0;
  for (let i = 0; i < oneAtATime; i++) await register(1);
  return { perSecond: Math.round(count / seconds), accepted: latencyOf(acceptedMs), active: latencyOf(activeMs) };
}
