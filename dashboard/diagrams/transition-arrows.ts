import type { MachineGraph } from "../../app/http/contracts/contract-graph.ts";

export type Transition = MachineGraph["transitions"][number];
export type TransitionKey = Pick<Transition, "from" | "trigger" | "to">;

/** A trigger of so many arrows is a number on each, and written out once below the drawing. */
const FOOTNOTE_MIN_ARROWS = 3;

/** All transitions between two states as one arrow. */
export interface TransitionArrow {
  readonly from: string;
  readonly to: string;
  readonly labels: readonly { readonly text: string; readonly taken: boolean }[];
  readonly taken: boolean;
}
export interface TransitionArrows {
  readonly arrows: readonly TransitionArrow[];
  /** The triggers that the numbers on arrows stand for, from 1. */
  readonly footnotes: readonly string[];
}

/** @param path the transitions that were taken */
export function groupTransitions(transitions: readonly Transition[], path: readonly TransitionKey[]): TransitionArrows {
  const taken = new Set(path.map(transitionKey));
  const between = new Map<string, Transition[]>();
  for (const transition of transitions) {
    const ends = JSON.stringify([transition.from, transition.to]);
    between.set(ends, [...(between.get(ends) ?? []), transition]);
  }
  const groups = [...between.values()];
  const footnotes = [...new Set(transitions.map(({ trigger }) => trigger))].filter(
    (trigger) => groups.filter((group) => group.some((each) => each.trigger === trigger)).length >= FOOTNOTE_MIN_ARROWS,
  );
  const arrows = groups.map((group) => {
    const { from, to } = group[0] as Transition;
    const triggers = new Map<string, boolean>();
    for (const each of group)
      triggers.set(each.trigger, taken.has(transitionKey(each)) || triggers.get(each.trigger) === true);
    const labels = [...triggers].map(([trigger, isTaken]) => {
      const number = footnotes.indexOf(trigger) + 1;
      return { text: number > 0 ? `(${number})` : trigger, taken: isTaken };
    });
    return { from, to, labels, taken: labels.some((label) => label.taken) };
  });
  return { arrows, footnotes };
}

const transitionKey = ({ from, trigger, to }: TransitionKey): string => JSON.stringify([from, trigger, to]);
