import type { Decision } from "../../core/decision.ts";
import { step } from "../../core/step.ts";
import { brokenBy, type Finding } from "./step-rules.ts";
import type { Setting } from "./exploration-context.ts";
import { type Stimulus, stimuliIn } from "./possible-messages.ts";
import { hasOpened, newWorld, type World, worldAfter } from "./system-state.ts";
import { keyOf } from "./state-fingerprint.ts";

/** A world that was reached, and by what from which other one: the first found is a nearest one. */
export interface Visited {
  readonly world: World;
  /** The number of the world before; -1 for the first. */
  readonly parent: number;
  readonly by?: Stimulus;
}

/** That one world may follow on another, by their numbers. */
export interface Edge {
  readonly from: number;
  /** -1: out of what was explored, into a world that breaks a rule or lies behind the limit. */
  readonly to: number;
  readonly inside: boolean;
  /** Another attempt begins. */
  readonly opens: boolean;
}

interface Broken {
  readonly finding: Finding;
  /** The world in which it happens, and what happens. */
  readonly number: number;
  readonly by: Stimulus;
}

export interface Explored {
  readonly visited: readonly Visited[];
  readonly edges: readonly Edge[];
  /** Steps taken, those included that led to a world visited before. */
  readonly transitions: number;
  /** Of each place in the contracts the nearest break. */
  readonly broken: readonly Broken[];
  /** Moves that the machines made: `machine from trigger to`. */
  readonly moves: ReadonlySet<string>;
  /** False: the limit came first, and there is more. */
  readonly complete: boolean;
}

/**
 * Visits every world that may come about, nearest first, at most so many. What follows on a broken rule is not asked.
 */
export function explore(setting: Setting, statesMax: number): Explored {
  const first = newWorld(setting);
  const visited: Visited[] = [{ world: first, parent: -1 }];
  const numbers = new Map([[keyOf(first), 0]]);
  const edges: Edge[] = [];
  const broken = new Map<string, Broken>();
  const moves = new Set<string>();
  let transitions = 0;
  let complete = true;

  const numberOf = (world: World, parent: number, by: Stimulus): number => {
    const key = keyOf(world);
    const known = numbers.get(key);
    if (known !== undefined) return known;
    if (visited.length >= statesMax) {
      complete = false;
      return -1;
    }
    numbers.set(key, visited.length);
    return visited.push({ world, parent, by }) - 1;
  };

  // The list grows while it is walked: what is added is walked too.
  for (const [from, { world }] of visited.entries())
    for (const by of stimuliIn(setting, world)) {
      transitions++;
      const decision = decide(setting, world, by);
      for (const { machine, from: left, trigger, to } of decision.moves)
        moves.add(`${machine} ${left} ${trigger} ${to}`);
      const after = worldAfter(setting, world, by.message, decision);
      const finding = brokenBy(setting, world, by.message, decision, after);
      if (finding) note(broken, { finding, number: from, by });
      const to = finding ? -1 : after === world ? from : numberOf(after, from, by);
      const opens = hasOpened(world, decision);
      if (to !== from || opens) edges.push({ from, to, inside: by.inside, opens });
    }
  return { visited, edges, transitions, broken: [...broken.values()], moves, complete };
}

function note(broken: Map<string, Broken>, each: Broken): void {
  const { source, path } = each.finding.at;
  const key = JSON.stringify([source.file, path]);
  if (!broken.has(key)) broken.set(key, each);
}

/** One step; what the functions returned in it is in the setting's `calls`. */
export function decide({ domain, calls }: Setting, { entity }: World, { message }: Stimulus): Decision {
  calls.length = 0;
  return step(domain, entity, message);
}
