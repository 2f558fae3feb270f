import type { MachineGraph } from "../../app/http/contract-graph.ts";

export type Transition = MachineGraph["transitions"][number];
export type Step = Pick<Transition, "from" | "trigger" | "to">;

/** All transitions between two states as one arrow. */
export interface MachineArrow {
  readonly from: string;
  readonly to: string;
  readonly lines: readonly { readonly text: string; readonly taken: boolean }[];
  readonly taken: boolean;
}

/** In the contract's order; `path`: the transitions that were taken. */
export function arrowsOf(transitions: readonly Transition[], path: readonly Step[]): readonly MachineArrow[] {
  const taken = new Set(path.map(keyOf));
  const between = new Map<string, Transition[]>();
  for (const transition of transitions) {
    const ends = JSON.stringify([transition.from, transition.to]);
    between.set(ends, [...(between.get(ends) ?? []), transition]);
  }
  return [...between.values()].map((group) => {
    const { from, to } = group[0] as Transition;
    const triggers = new Map(group.map((each) => [each.trigger, taken.has(keyOf(each))]));
    const lines = [...triggers].map(([text, isTaken]) => ({ text, taken: isTaken }));
    return { from, to, lines, taken: lines.some((line) => line.taken) };
  });
}

const keyOf = ({ from, trigger, to }: Step): string => JSON.stringify([from, trigger, to]);
