import type { MachineGraph } from "../../app/http/contracts/contract-graph.ts";

export type Transition = MachineGraph["transitions"][number];
export type Step = Pick<Transition, "from" | "trigger" | "to">;

/** A trigger that many arrows have is a number on them, and told once. */
const NUMBERED_FROM = 3;

/** All transitions between two states as one arrow. */
export interface MachineArrow {
  readonly from: string;
  readonly to: string;
  readonly lines: readonly { readonly text: string; readonly taken: boolean }[];
  readonly taken: boolean;
}
export interface MachineArrows {
  readonly arrows: readonly MachineArrow[];
  /** What the numbers on arrows stand for, from 1. */
  readonly numbered: readonly string[];
}

/** In the contract's order; `path`: the transitions that were taken. */
export function arrowsOf(transitions: readonly Transition[], path: readonly Step[]): MachineArrows {
  const taken = new Set(path.map(keyOf));
  const between = new Map<string, Transition[]>();
  for (const transition of transitions) {
    const ends = JSON.stringify([transition.from, transition.to]);
    between.set(ends, [...(between.get(ends) ?? []), transition]);
  }
  const groups = [...between.values()];
  const numbered = [...new Set(transitions.map(({ trigger }) => trigger))].filter(
    (trigger) => groups.filter((group) => group.some((each) => each.trigger === trigger)).length >= NUMBERED_FROM,
  );
  const arrows = groups.map((group) => {
    const { from, to } = group[0] as Transition;
    const triggers = new Map<string, boolean>();
    for (const each of group) triggers.set(each.trigger, taken.has(keyOf(each)) || triggers.get(each.trigger) === true);
    const lines = [...triggers].map(([trigger, isTaken]) => {
      const number = numbered.indexOf(trigger) + 1;
      return { text: number > 0 ? `(${number})` : trigger, taken: isTaken };
    });
    return { from, to, lines, taken: lines.some((line) => line.taken) };
  });
  return { arrows, numbered };
}

const keyOf = ({ from, trigger, to }: Step): string => JSON.stringify([from, trigger, to]);
