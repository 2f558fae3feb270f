import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Message } from "../../runtime/core/message.ts";
import { anyStimulus } from "./any-stimulus.ts";
import { type Model, newModel, predict } from "./model.ts";
import { keepsItsPromises } from "./promises.ts";
import { shippedDomain } from "./shipped-domain.ts";
import { World } from "./world.ts";

/** A larger number finds more; reliability.md names 10,000 within a minute. */
const RUNS = Number(process.env["ROLLCALL_PROPERTY_RUNS"] ?? 600);

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

describe("the core, for any messages in any order", () => {
  const seen = new Set<string>();

  it("behaves as the model, keeps its promises, and gives the same result again", () => {
    fc.assert(
      fc.property(fc.array(anyStimulus, { minLength: 5, maxLength: 60, size: "max" }), (stimuli) => {
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

  it("has reached every state and emitted every event", () => {
    const resting = [...shippedDomain.orchestrator.states.values(), ...shippedDomain.reducer.states.values()]
      .filter(({ transient }) => !transient)
      .map(({ name }) => name);
    expect([...seen].sort()).toEqual([...resting, ...shippedDomain.topicByEventType.keys()].sort());
  });
});
