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
  readonly lineCount: number;
}
export const EMPTY_SIMULATION: Simulation = { nodes: [], log: [], lineCount: 0 };

export type SimulationAction =
  | { readonly act: "add"; readonly id: string; readonly type: string }
  | { readonly act: "remove"; readonly id: string }
  | {
      readonly act: "change";
      readonly id: string;
      readonly change: Partial<Pick<SimulatedNode, "autoAcks" | "silent">>;
    }
  | { readonly act: "log"; readonly line: Omit<LogLine, "number"> }
  | { readonly act: "received"; readonly at: number; readonly event: PublishedEvent };

export function reduceSimulation(state: Simulation, act: SimulationAction): Simulation {
  const withChange = (id: string, change: Partial<SimulatedNode>): Simulation => ({
    ...state,
    nodes: state.nodes.map((node) => (node.id === id ? { ...node, ...change } : node)),
  });
  switch (act.act) {
    case "add":
      if (state.nodes.length >= SIMULATED_NODES_MAX || state.nodes.some(({ id }) => id === act.id)) return state;
      return {
        ...state,
        nodes: [
          ...state.nodes,
          { id: act.id, type: act.type, lastEvent: null, attemptId: null, autoAcks: true, silent: false },
        ],
      };
    case "remove":
      return { ...state, nodes: state.nodes.filter(({ id }) => id !== act.id) };
    case "change":
      return withChange(act.id, act.change);
    case "log":
      return {
        ...state,
        lineCount: state.lineCount + 1,
        log: [{ ...act.line, number: state.lineCount }, ...state.log].slice(0, LOG_MAX),
      };
    case "received": {
      const { type, envelope } = act.event;
      const id = String(envelope.payload["node_id"]);
      if (!state.nodes.some((node) => node.id === id)) return state;
      const attempt = envelope.payload["registration_attempt_id"];
      const withEvent = withChange(id, { lastEvent: type, ...(typeof attempt === "string" && { attemptId: attempt }) });
      return reduceSimulation(withEvent, {
        act: "log",
        line: { at: act.at, direction: "received", node: id, text: type },
      });
    }
  }
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
