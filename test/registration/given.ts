import { expect } from "vitest";
import type { Decision } from "../../runtime/core/decision.ts";
import type { Entity } from "../../runtime/core/entity.ts";
import type { Stimulus } from "./stimuli.ts";
import { World } from "./world.ts";

/** The type of an event or intent, and fields that its payload must have. */
type Expected = string | readonly [type: string, payload: object];

interface Consequence {
  readonly state: string;
  readonly reducer: string;
  /** All of them, in order; default: none. */
  readonly events?: readonly Expected[];
  /** All of them, in order; default: none. */
  readonly intents?: readonly Expected[];
  /** Deadlines armed afterwards, in ms from the message's event time; default: not checked. */
  readonly deadlines?: Readonly<Record<string, number>>;
}

/** The events so far, on the shipped contracts and code. */
export const given = (...stimuli: readonly Stimulus[]): Story => new Story(stimuli.reduce(happen, new World()));

function happen(world: World, stimulus: Stimulus): World {
  const effect = stimulus(world);
  return "later" in effect ? world.later(effect.later) : world.take(effect);
}

class Story {
  readonly world: World;
  constructor(world: World) {
    this.world = world;
  }

  when(...stimuli: readonly Stimulus[]): Turn {
    return new Turn(this.world, stimuli.reduce(happen, this.world));
  }
}

/** Checks the result of the last event. Each check returns the story, so that it can continue. */
class Turn {
  readonly #before: World;
  readonly #after: World;
  readonly decision: Decision;

  constructor(before: World, after: World) {
    const last = after.past.at(-1);
    if (!last || after.past.length === before.past.length) throw new Error("nothing has happened");
    this.#before = before;
    this.#after = after;
    this.decision = last.decision;
  }

  leadsTo({ state, reducer, events = [], intents = [], deadlines }: Consequence): Story {
    const { entity } = this.decision;
    const now = this.#after.past.at(-1)?.message.now ?? 0;
    expect({ state: entity?.state, reducer: entity?.reducerState, reason: this.decision.reason }).toEqual({
      state,
      reducer,
      reason: this.decision.reason,
    });
    expectEach(this.decision.events, events);
    expectEach(this.decision.intents, intents);
    const armed = Object.entries(entity?.deadlines ?? {}).map(([name, { at }]) => [name, at - now]);
    if (deadlines) expect(Object.fromEntries(armed)).toEqual(deadlines);
    return new Story(this.#after);
  }

  /** No event, no intent, no moved deadline, an equal entity, and a reason. */
  leadsToNothing(reason: string): Story {
    return this.#leadsToNoEvent("no_op", reason);
  }

  /** No event, but the message belongs to the running attempt from now on. */
  joinsTheAttempt(reason: string): Story {
    return this.#leadsToNoEvent("absorbed", reason);
  }

  /** Only the deadline moved, to so many ms from the message's event time. */
  renews(name: string, ms: number): Story {
    const now = this.#after.past.at(-1)?.message.now ?? 0;
    expect(this.decision.entity?.deadlines[name]).toEqual({ at: now + ms, renewedAt: now });
    return this.#leadsToNoEvent("renewed", "");
  }

  #leadsToNoEvent(result: Decision["result"], reason: string): Story {
    const { events, intents, moves } = this.decision;
    expect({ events, intents, moves }).toEqual({ events: [], intents: [], moves: [] });
    expect(this.decision).toMatchObject({ result, reason: expect.stringContaining(reason) });
    if (result === "no_op" && this.#after.past.length === this.#before.past.length + 1)
      expect(lasting(this.decision.entity)).toEqual(lasting(this.#before.entity));
    return new Story(this.#after);
  }
}

/** A late outcome may not change these either: it only ends its intent. */
const lasting = (entity: Entity | undefined) => entity && { ...entity, attempt: { ...entity.attempt, awaiting: [] } };

function expectEach(
  actual: readonly { readonly type: string; readonly payload: object }[],
  expected: readonly Expected[],
) {
  expect(actual.map(({ type }) => type)).toEqual(expected.map((each) => (typeof each === "string" ? each : each[0])));
  expected.forEach((each, i) => {
    if (typeof each !== "string") expect(actual[i]?.payload).toMatchObject(each[1]);
  });
}
