/** The fault of a simulated node: none, it never ACKs, or it sends nothing more once it is active. */
type Misbehaviour = "none" | "no-ack" | "silent";

export interface NodeProfile {
  readonly nodeId: string;
  readonly nodeType: "effect" | "compute" | "reducer" | "orchestrator";
  readonly misbehaviour: Misbehaviour;
  /** Sends every message twice. */
  readonly sendsDuplicates: boolean;
  /** Random numbers from 0 to 1, a sequence of this node's own. */
  readonly random: () => number;
}

export interface SimulationShape {
  readonly nodes: number;
  readonly seed: number;
  /** Shares, 0 to 1. */
  readonly noAck: number;
  readonly silent: number;
  readonly duplicate: number;
}

const NODE_TYPES = ["effect", "compute", "reducer", "orchestrator"] as const;

/** The profiles of all nodes, the same for the same seed. Shares are exact and spread evenly over the nodes. */
export function planNodeProfiles({ nodes, seed, noAck, silent, duplicate }: SimulationShape): NodeProfile[] {
  const shuffled = shuffle([...Array(nodes).keys()], mulberry32(seed));
  const noAckCount = Math.round(nodes * noAck);
  const silentCount = Math.round(nodes * silent);
  const rankOf = new Map(shuffled.map((index, rank) => [index, rank]));
  const duplicated = new Set(
    shuffle([...shuffled], mulberry32(seed ^ 0x5bd1e995)).slice(0, Math.round(nodes * duplicate)),
  );
  return [...Array(nodes).keys()].map((index) => {
    const rank = rankOf.get(index) ?? 0;
    return {
      nodeId: `sim-${seed}-${String(index + 1).padStart(5, "0")}`,
      nodeType: NODE_TYPES[index % NODE_TYPES.length] ?? "effect",
      misbehaviour: rank < noAckCount ? "no-ack" : rank < noAckCount + silentCount ? "silent" : "none",
      sendsDuplicates: duplicated.has(index),
      random: mulberry32(Math.imul(seed + 1, 0x9e3779b1) ^ index),
    };
  });
}

function shuffle(items: number[], random: () => number): number[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j] as number, items[i] as number];
  }
  return items;
}

/** A small generator of random numbers with a seed of 32 bits (Tommy Ettinger's mulberry32). */
function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
