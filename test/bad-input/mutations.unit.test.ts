import fc from "fast-check";
import { expect, it } from "vitest";
import type { Entity } from "../../runtime/core/entity.ts";
import { partitionOf } from "../../runtime/core/murmur2.ts";
import { NOON } from "../registration/examples.ts";
import { given } from "../registration/given.ts";
import { LIVE_WAYS } from "../registration/reach.ts";
import { introspected, type Stimulus } from "../registration/stimuli.ts";
import { ID, type Mutated, oneField, someBytes } from "./registration/mutations.ts";
import { expectHarmless, inputTopic, PARTITIONS, takeIn, Tally, written } from "./registration/taking-in.ts";

const RUNS = 5_000;
const HOME = partitionOf(ID, PARTITIONS);

/** The node when the message arrives: unknown, in each state, or with unusual data. */
const WAYS: readonly (readonly Stimulus[])[] = [
  [],
  ...LIVE_WAYS.map(([, way]) => way),
  [introspected("a1", { epoch: 0, metadata: { then: "x" } })],
];
const ENTITIES = WAYS.map((way) => given(...way).world.entity);

function expectTaken({ type, bytes }: Mutated, entity: Entity | undefined): void {
  const place = { topic: inputTopic(type), partition: HOME, offset: 0 };
  const record = { ...place, key: null, value: bytes, headers: {}, brokerTimeMs: NOON, receivedAtMs: 0 };
  const { plan } = takeIn(record, entity);
  expectHarmless(plan);
  for (const event of plan.shellEvents)
    if (event.kind === "decision") expect(event.decision.result).not.toBe("refused");
  // The same again gives the same result.
  expect(written(takeIn(record, entity).plan) === written(plan)).toBe(true);
}

it.each([
  ["one field changed to anything", oneField],
  ["its bytes changed", someBytes],
])(
  "a good message with %s is refused once or taken, in every state",
  (name, mutated) => {
    const tally = new Tally();
    const property = fc.property(mutated, fc.constantFrom(...ENTITIES), (message, entity) =>
      tally.time(
        () => message.what,
        () => expectTaken(message, entity),
      ),
    );
    fc.assert(property, { numRuns: RUNS });
    tally.report(`${name}, pure`);
  },
  120_000,
);
