import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Message } from "../../runtime/core/message.ts";
import { type Model, newModel, predict } from "./model.ts";
import { keepsItsPromises } from "./promises.ts";
import { shippedDomain } from "./shipped-domain.ts";
import {
  type Stimulus,
  ackedNaming,
  confirmed,
  dated,
  deadlinePassed,
  deadlinePassedTooSoon,
  deregistered,
  failed,
  heartbeat,
  introspected,
  later,
  published,
} from "./stimuli.ts";
import { World } from "./world.ts";

/** More than the usual number finds more: reliability.md asks for 10,000 within a minute. */
const RUNS = Number(process.env["ROLLCALL_PROPERTY_RUNS"] ?? 600);

const request = fc.constantFrom("a", "b", "c", "d");
/** Usually of the current attempt, at times of one before or of none. */
const whose = fc.oneof({ weight: 5, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: fc.record({ of: request }) });
const backend = fc.constantFrom("consul" as const, "postgres" as const);
const introspection = fc.record(
  {
    node_type: fc.constantFrom("effect", "effect", "compute"),
    node_version: fc.constantFrom("1.0.0", "1.0.0", "1.0.0", "2.0.0"),
    epoch: fc.constantFrom(1, 1, 1, 2, 3),
    reason: fc.constantFrom("startup", "startup", "heartbeat", "request", "shutdown"),
  },
  { requiredKeys: ["node_type", "node_version"] },
);
const ack = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  { weight: 2, arbitrary: fc.record({ attempt: request, request }, { requiredKeys: [] }) },
);
const stimulus: fc.Arbitrary<Stimulus> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(request, introspection).map(([label, more]) => introspected(label, more)) },
  { weight: 7, arbitrary: fc.tuple(backend, whose).map(([which, of]) => confirmed(which, of)) },
  { weight: 3, arbitrary: whose.map((of) => published("NodeRegistrationAccepted", of)) },
  { weight: 4, arbitrary: ack.map((named) => ackedNaming(named)) },
  { weight: 1, arbitrary: fc.tuple(backend, whose).map(([which, of]) => failed(which, of)) },
  { weight: 2, arbitrary: fc.constantFrom(deadlinePassed("ack"), deadlinePassed("liveness")) },
  { weight: 1, arbitrary: fc.constantFrom(deadlinePassedTooSoon("ack"), deadlinePassedTooSoon("liveness")) },
  { weight: 2, arbitrary: fc.constant(heartbeat()) },
  { weight: 1, arbitrary: fc.constant(deregistered()) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 20_000 }).map(later) },
  { weight: 3, arbitrary: fc.tuple(fc.nat(50), fc.nat(10_000)).map(([back, ms]) => repeated(back, ms)) },
);

/** One of the last messages again: the shell's as it was, a node's at a new place of the log, at its old or a new time. */
function repeated(back: number, ms: number): Stimulus {
  return (world) => {
    const past = world.past.at(-1 - (back % Math.max(world.past.length, 1)));
    if (!past) return { later: ms };
    const { kind, type, payload, now } = past.message;
    if (kind !== "bus") return past.message;
    const again: Stimulus = () => world.fromBus(type, payload);
    return ms % 2 === 0 ? again(world) : dated(now, again)(world);
  };
}

const deepFreeze = <Value>(value: Value): Value => {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFreeze);
  }
  return value;
};

/** One step of the core and of the model, side by side. */
function both(world: World, model: Model, message: Message): readonly [World, Model] {
  deepFreeze(message);
  deepFreeze(world.entity);
  const after = world.take(message);
  const [predicted, events] = predict(model, message);
  const { decision } = after.past[after.past.length - 1] as (typeof after.past)[number];
  expect(decision.events.map(({ type }) => type)).toEqual(events);
  expect(after.entity?.state ?? "(none)").toBe(predicted.state);
  const due = Object.entries(after.entity?.deadlines ?? {}).map(([name, { at }]) => ({ name, at }));
  expect(due).toEqual(predicted.due ? [predicted.due] : []);
  return [after, { ...predicted, attemptId: after.entity?.attempt.id ?? "" }];
}

describe("the core, told anything in any order", () => {
  const seen = new Set<string>();

  it("does what the model says, keeps its promises, and does the same again", () => {
    fc.assert(
      fc.property(fc.array(stimulus, { minLength: 5, maxLength: 60, size: "max" }), (stimuli) => {
        let [world, model]: readonly [World, Model] = [new World(), newModel];
        for (const each of stimuli) {
          const happens = each(world);
          if ("later" in happens) world = world.later(happens.later);
          else [world, model] = both(world, model, happens);
          seen.add(world.entity?.state ?? "(none)").add(world.entity?.reducerState ?? "idle");
        }
        keepsItsPromises(world);
        for (const { type } of world.events) seen.add(type);
        const again = world.past.reduce((replayed, { message }) => replayed.take(message), new World());
        expect(JSON.stringify(again.past)).toBe(JSON.stringify(world.past));
      }),
      { numRuns: RUNS },
    );
  }, 300_000);

  it("has been in every state and has said every event", () => {
    const resting = [...shippedDomain.orchestrator.states.values(), ...shippedDomain.reducer.states.values()]
      .filter(({ transient }) => !transient)
      .map(({ name }) => name);
    expect([...seen].sort()).toEqual([...resting, ...shippedDomain.topicOf.keys()].sort());
  });
});
