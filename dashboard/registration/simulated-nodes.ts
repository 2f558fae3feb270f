import type { PublishedEvent } from "../shared/published-event.ts";

export const NODES_MAX = 20;
export const LOG_MAX = 300;
export const NODE_TYPES = ["effect", "compute", "reducer", "orchestrator"] as const;

/** A node that this page plays. */
export interface PlayedNode {
  readonly id: string;
  readonly type: string;
  /** The last that was heard of it; null: nothing yet. */
  readonly heard: string | null;
  /** Of the attempt whose acceptance was heard last. */
  readonly attemptId: string | null;
  readonly acksByItself: boolean;
  readonly silent: boolean;
}
interface LogLine {
  readonly number: number;
  readonly at: number;
  readonly direction: "sent" | "came" | "failed";
  readonly node: string;
  readonly text: string;
}
export interface Played {
  readonly nodes: readonly PlayedNode[];
  /** Newest first. */
  readonly log: readonly LogLine[];
  readonly count: number;
}
export const NOBODY: Played = { nodes: [], log: [], count: 0 };

export type PlayedAct =
  | { readonly act: "add"; readonly id: string; readonly type: string }
  | { readonly act: "remove"; readonly id: string }
  | {
      readonly act: "change";
      readonly id: string;
      readonly change: Partial<Pick<PlayedNode, "acksByItself" | "silent">>;
    }
  | { readonly act: "log"; readonly line: Omit<LogLine, "number"> }
  | { readonly act: "heard"; readonly at: number; readonly event: PublishedEvent };

export function played(state: Played, act: PlayedAct): Played {
  const each = (id: string, change: Partial<PlayedNode>): Played => ({
    ...state,
    nodes: state.nodes.map((node) => (node.id === id ? { ...node, ...change } : node)),
  });
  switch (act.act) {
    case "add":
      if (state.nodes.length >= NODES_MAX || state.nodes.some(({ id }) => id === act.id)) return state;
      return {
        ...state,
        nodes: [
          ...state.nodes,
          { id: act.id, type: act.type, heard: null, attemptId: null, acksByItself: true, silent: false },
        ],
      };
    case "remove":
      return { ...state, nodes: state.nodes.filter(({ id }) => id !== act.id) };
    case "change":
      return each(act.id, act.change);
    case "log":
      return {
        ...state,
        count: state.count + 1,
        log: [{ ...act.line, number: state.count }, ...state.log].slice(0, LOG_MAX),
      };
    case "heard": {
      const { type, envelope } = act.event;
      const id = String(envelope.payload["node_id"]);
      if (!state.nodes.some((node) => node.id === id)) return state;
      const attempt = envelope.payload["registration_attempt_id"];
      const told = each(id, { heard: type, ...(typeof attempt === "string" && { attemptId: attempt }) });
      return played(told, { act: "log", line: { at: act.at, direction: "came", node: id, text: type } });
    }
  }
}

/** A node beats from when it is active until it hears that it ended. */
export const beats = ({ heard, silent }: PlayedNode): boolean =>
  !silent && (heard === "NodeBecameActive" || heard === "NodeUpdated");

/** An id that is not in use yet: `mine-1`, `mine-2`, ... */
export function nextId(nodes: readonly PlayedNode[], last: string): string {
  const [, stem = "node-", digits = "0"] = /^(.*?)(\d*)$/.exec(last) ?? [];
  for (let number = Number(digits || 0) + 1; ; number++)
    if (!nodes.some(({ id }) => id === stem + number)) return stem + number;
}
