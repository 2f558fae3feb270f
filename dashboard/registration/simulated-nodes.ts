import type { PublishedEvent } from "../shared/published-event.ts";

export const SIMULATED_NODES_MAX = 20;
export const LOG_MAX = 300;

/** A node that this page simulates. */
export interface SimulatedNode {
  readonly id: string;
  readonly type: string;
  /** The type of the latest event about it; null: none yet. */
  readonly lastEvent: string | null;
  /** Of the attempt that was accepted last. */
  readonly attemptId: string | null;
  readonly autoAcks: boolean;
  readonly silent: boolean;
}
interface LogLine {
  readonly number: number;
  readonly at: number;
  readonly direction: "sent" | "received" | "failed";
  readonly node: string;
  readonly text: string;
}
export interface Simulation {
  readonly nodes: readonly SimulatedNode[];
  /** Newest first. */
  readonly log: readonly LogLine[];
}
export const EMPTY_SIMULATION: Simulation = { nodes: [], log: [] };

/** Unchanged when there are as many nodes as allowed, or one with this id. */
export function addNode(simulation: Simulation, id: string, type: string): Simulation {
  const { nodes } = simulation;
  if (nodes.length >= SIMULATED_NODES_MAX || nodes.some((node) => node.id === id)) return simulation;
  const node = { id, type, lastEvent: null, attemptId: null, autoAcks: true, silent: false };
  return { ...simulation, nodes: [...nodes, node] };
}

export const removeNode = (simulation: Simulation, id: string): Simulation => ({
  ...simulation,
  nodes: simulation.nodes.filter((node) => node.id !== id),
});

export const changeNode = (simulation: Simulation, id: string, change: Partial<SimulatedNode>): Simulation => ({
  ...simulation,
  nodes: simulation.nodes.map((node) => (node.id === id ? { ...node, ...change } : node)),
});

export function addLogLine(simulation: Simulation, line: Omit<LogLine, "number">): Simulation {
  const number = (simulation.log[0]?.number ?? 0) + 1;
  return { ...simulation, log: [{ ...line, number }, ...simulation.log].slice(0, LOG_MAX) };
}

/** Unchanged by an event about a node that is not simulated here. */
export function receiveEvent(simulation: Simulation, { type, envelope }: PublishedEvent, at: number): Simulation {
  const id = String(envelope.payload["node_id"]);
  if (!simulation.nodes.some((node) => node.id === id)) return simulation;
  const attemptId = envelope.payload["registration_attempt_id"];
  const change = { lastEvent: type, ...(typeof attemptId === "string" && { attemptId }) };
  return addLogLine(changeNode(simulation, id, change), { at, direction: "received", node: id, text: type });
}

/** A node sends heartbeats while it is ACTIVE, unless it is muted. */
export const sendsHeartbeats = ({ lastEvent, silent }: SimulatedNode): boolean =>
  !silent && (lastEvent === "NodeBecameActive" || lastEvent === "NodeUpdated");

/** The next id that is free: `mine-2` after `mine-1`. */
export function nextNodeId(nodes: readonly Pick<SimulatedNode, "id">[], last: string): string {
  const [, stem = "node-", digits = "0"] = /^(.*?)(\d*)$/.exec(last) ?? [];
  for (let number = Number(digits || 0) + 1; ; number++)
    if (!nodes.some(({ id }) => id === stem + number)) return stem + number;
}
