import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMachine, getInitialSnapshot, transition, type AnyStateMachine } from "xstate";
import type { TransitionResult, Machine } from "../../runtime/core/domain.ts";
import { compileMachine, xstateConfigOf, type MachineDescription } from "../../runtime/core/machine.ts";

const TRIGGERS = ["go", "published(Sent)", "deadline(x)"];
const CONDITIONS = ["unconfirmed > 0", "a is_present", "state.b == 1"];

const description: fc.Arbitrary<MachineDescription> = fc.integer({ min: 1, max: 5 }).chain((count) => {
  const names = ["(none)", "A", "B", "C", "D"].slice(0, count);
  const state = fc.constantFrom(...names);
  const actions = fc.array(fc.constantFrom("one", "two", "three"), { maxLength: 3 });
  const transition = fc.record({
    from: fc.uniqueArray(state, { minLength: 1 }),
    trigger: fc.constantFrom(...TRIGGERS),
    to: state,
    actions,
    conditions: fc
      .uniqueArray(fc.constantFrom(...CONDITIONS))
      .map((texts) => texts.map((text) => ({ text, holds: holdsBit(CONDITIONS.indexOf(text)) }))),
  });
  return fc.record({
    name: fc.constant("random"),
    initial: fc.constant("(none)"),
    states: fc.tuple(
      ...names.map((name) =>
        actions.map((entryActions) => ({ name, terminal: false, rests: false, transient: false, entryActions })),
      ),
    ),
    transitions: fc.array(transition, { maxLength: 25 }),
  });
});
const event = fc.record({ type: fc.constantFrom(...TRIGGERS, "unknown"), truth: fc.nat(7) });
type Event = { readonly type: string; readonly truth: number };

// In these machines `unconfirmed` is a bit mask of what holds.
const holdsBit =
  (bit: number) =>
  ({ unconfirmed }: { readonly unconfirmed: number }): boolean =>
    (unconfirmed & (1 << bit)) !== 0;

function lookUp(machine: Machine, state: string, { type, truth }: Event): TransitionResult | undefined {
  const cell = machine.table.get(state)?.get(type);
  if (!cell) return undefined;
  const facts = { payload: {}, state: {}, unconfirmed: truth };
  return cell.results[cell.conditions.reduce((index, holds, bit) => index | (holds(facts) ? 1 << bit : 0), 0)];
}

function walk(machine: Machine, events: readonly Event[]) {
  let state = machine.initial;
  return events.map((each) => {
    const answer = lookUp(machine, state, each);
    state = answer?.to ?? state;
    return { state, actions: answer?.actions ?? [] };
  });
}

/** The same machine run by XState alone: guards are functions of the event, one snapshot follows the other. */
function walkXState(given: MachineDescription, events: readonly Event[]) {
  const config = xstateConfigOf({ ...given, transitions: [] });
  for (const each of given.transitions)
    for (const from of each.from) {
      const on = config.states[from]!.on as unknown as Record<string, object[]>;
      const conditions = each.conditions ?? [];
      const guard = ({ event }: { event: Event }) =>
        conditions.every(({ holds }) => holds({ payload: {}, state: {}, unconfirmed: event.truth }));
      (on[each.trigger] ??= []).push({ target: each.to, guard, actions: each.actions });
    }
  const machine = createMachine(config as never) as AnyStateMachine;
  let snapshot = getInitialSnapshot(machine);
  return events.map((each) => {
    const [next, actions] = transition(machine, snapshot, each);
    snapshot = next;
    return { state: String(next.value), actions: actions.map(({ type }) => type) };
  });
}

/** As contracts.md defines it: the first transition that fits; its actions, then the entry actions if it enters. */
function walkByHand(given: MachineDescription, events: readonly Event[]) {
  let state = given.initial;
  return events.map((each) => {
    const facts = { payload: {}, state: {}, unconfirmed: each.truth };
    const fit = given.transitions.find(
      ({ from, trigger, conditions = [] }) =>
        from.includes(state) && trigger === each.type && conditions.every(({ holds }) => holds(facts)),
    );
    const entry = fit && fit.to !== state ? (given.states.find(({ name }) => name === fit.to)?.entryActions ?? []) : [];
    state = fit?.to ?? state;
    return { state, actions: [...(fit?.actions ?? []), ...entry] };
  });
}

describe("a machine's table", () => {
  it("gives the transitions of XState's transition() and of contracts.md", () =>
    fc.assert(
      fc.property(description, fc.array(event, { maxLength: 20 }), (given, events) => {
        const walked = walk(compileMachine(given), events);
        expect(walked).toEqual(walkXState(given, events));
        expect(walked).toEqual(walkByHand(given, events));
      }),
      { numRuns: 300 },
    ));

  it("distinguishes a transition to the same state from none, and does not enter the state again", () => {
    const machine = compileMachine({
      name: "m",
      initial: "A",
      states: [
        { name: "A", terminal: false, rests: false, transient: false, entryActions: ["enter"], raises: "Raised" },
      ],
      transitions: [{ from: ["A"], trigger: "go", to: "A" }],
    });
    expect(lookUp(machine, "A", { type: "go", truth: 0 })).toEqual({ to: "A", entered: false, actions: [] });
    expect(lookUp(machine, "A", { type: "stay", truth: 0 })).toBeUndefined();
    expect(machine.states.get("A")).toEqual({
      name: "A",
      terminal: false,
      rests: false,
      transient: false,
      raises: "Raised",
    });
  });

  it("takes eight different conditions for a state and trigger, and refuses nine", () => {
    const withConditions = (count: number): MachineDescription => ({
      name: "m",
      initial: "A",
      states: [{ name: "A", terminal: false, rests: false, transient: false }],
      transitions: Array.from({ length: count }, (_, bit) => ({
        from: ["A"],
        trigger: "go",
        to: "A",
        conditions: [{ text: `x == ${bit}`, holds: holdsBit(bit) }],
        actions: [`a${bit}`],
      })),
    });
    const eight = compileMachine(withConditions(8));
    expect(lookUp(eight, "A", { type: "go", truth: 0b1000_0000 })?.actions).toEqual(["a7"]);
    expect(eight.table.get("A")?.get("go")?.results).toHaveLength(256);
    expect(() => compileMachine(withConditions(9))).toThrow("9 conditions for go in A, at most 8");
  });

  it("is exported as plain JSON, guards and actions by name", () => {
    const given: MachineDescription = {
      name: "m",
      initial: "A",
      states: [
        { name: "A", terminal: false, rests: false, transient: false },
        { name: "B", terminal: true, rests: false, transient: false, entryActions: ["enter"] },
      ],
      transitions: [{ from: ["A"], trigger: "go", to: "B", conditions: [{ text: "x > 0", holds: () => true }] }],
    };
    expect(JSON.parse(JSON.stringify(xstateConfigOf(given)))).toEqual({
      id: "m",
      initial: "A",
      states: {
        A: {
          entry: [],
          on: { go: [{ target: "B", guard: { type: "x > 0", params: { all: ["x > 0"] } }, actions: [] }] },
        },
        B: { entry: ["enter"], on: {} },
      },
    });
  });
});
