import { pause } from "./back-off.ts";
import type { LatencySummary } from "./latencies.ts";
import { SimulationStats, type SimulationCounts, SimulatedNode } from "./simulated-node.ts";
import { planNodeProfiles, type SimulationShape } from "./node-profiles.ts";
import type { Transport } from "./transport.ts";

export interface Simulation extends SimulationShape {
  readonly transport: Transport;
  /** New nodes a second. */
  readonly rate: number;
  /** How long heartbeats are sent, from the first introspection. */
  readonly durationMs: number;
  /** Whether the nodes deregister at the end, instead of sending nothing more. */
  readonly goodbye?: boolean;
  /** Called twice a second. */
  readonly onProgress?: (progress: SimulationProgress) => void;
  /** Ends the simulation early; the summary is then of the time so far. */
  readonly signal?: AbortSignal;
}

export interface SimulationProgress extends SimulationCounts {
  readonly nodes: number;
  readonly elapsedMs: number;
}

export interface SimulationSummary extends SimulationCounts {
  readonly nodes: number;
  readonly seed: number;
  /** Nodes that are expected to become active: all but those that never ACK. */
  readonly expectedActive: number;
  /** Those of the expected nodes that did not become active. */
  readonly neverActive: readonly string[];
  readonly latency: {
    /** Measured from the first introspection. */
    readonly toAccepted: LatencySummary;
    readonly toActive: LatencySummary;
  };
  readonly elapsedMs: number;
  /** The error of the first message that could not be delivered. */
  readonly firstError: string | null;
}

/** How long it takes to start all nodes. A simulation with less time is refused before it begins. */
export const rampUpMs = ({ nodes, rate }: Pick<Simulation, "nodes" | "rate">): number => (nodes / rate) * 1_000;

const TICK_MS = 10;
/** How long pending registrations may take after the end of the time; heartbeats continue meanwhile. */
const SETTLE_MS = 10_000;
/** How long connecting may take: the stream of answers must be open before the first introspection. */
const CONNECT_MS = 30_000;

/** Runs many nodes against a running system. The same seed gives the same nodes with the same faults. */
export async function simulate(simulation: Simulation): Promise<SimulationSummary> {
  const { transport, rate, durationMs, signal, goodbye = false, onProgress } = simulation;
  await awaitConnection(transport);
  const stats = new SimulationStats();
  const nodes = planNodeProfiles(simulation).map((role) => new SimulatedNode(role, transport, stats));
  const startedMs = performance.now();
  const elapsedMs = (): number => performance.now() - startedMs;
  const progress = setInterval(
    () => onProgress?.({ ...stats.counts, nodes: nodes.length, elapsedMs: elapsedMs() }),
    500,
  );
  try {
    for (let next = 0; next < nodes.length && !signal?.aborted && elapsedMs() < durationMs + SETTLE_MS;) {
      const due = Math.min(nodes.length, 1 + Math.floor((elapsedMs() / 1_000) * rate));
      for (; next < due; next++) void nodes[next]?.start();
      if (next < nodes.length) await pause(TICK_MS, signal);
    }
    await pause(durationMs - elapsedMs(), signal);
    while (!signal?.aborted && elapsedMs() < durationMs + SETTLE_MS && nodes.some((node) => node.isPending))
      await pause(100, signal);
  } finally {
    clearInterval(progress);
  }
  const took = elapsedMs();
  await Promise.all(nodes.map((node) => node.close(goodbye)));
  return summarize(simulation, nodes, stats, took);
}

async function awaitConnection(transport: Transport): Promise<void> {
  const waited = new AbortController();
  const subscribed = transport.subscribe("sim-probe", () => {});
  const late = pause(CONNECT_MS, waited.signal).then(() => undefined);
  const unsubscribe = await Promise.race([subscribed, late]);
  waited.abort();
  if (!unsubscribe) throw new Error(`the system could not be reached within ${CONNECT_MS / 1_000} s`);
  unsubscribe();
}

function summarize(
  { seed }: Simulation,
  nodes: readonly SimulatedNode[],
  stats: SimulationStats,
  elapsedMs: number,
): SimulationSummary {
  const expected = nodes.filter(({ profile }) => profile.misbehaviour !== "no-ack");
  return {
    nodes: nodes.length,
    seed,
    ...stats.counts,
    expectedActive: expected.length,
    neverActive: expected.filter(({ wasActive }) => !wasActive).map(({ profile }) => profile.nodeId),
    latency: stats.latencies(),
    elapsedMs: Math.round(elapsedMs),
    firstError: stats.firstError === undefined ? null : String(stats.firstError),
  };
}
