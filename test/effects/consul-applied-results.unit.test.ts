import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readAppliedResults } from "../../effects/consul/applied-results.ts";
import { AppliedResponse } from "../../effects/consul/transaction.ts";

const wrongful = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(null, true, [], {}, "text", 7, 1e999, "missing" as const) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
);
/** Now and then something else, or nothing, in the place of what belongs there. */
const nearly = <Value>(right: fc.Arbitrary<Value>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 40, arbitrary: right }, { weight: 1, arbitrary: wrongful });
const nearlyObject = (parts: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<unknown> =>
  nearly(
    fc
      .record(Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, nearly(part)])))
      .map((object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== "missing"))),
  );

const text = fc.string({ maxLength: 8 });
const index = fc.oneof(fc.nat(), fc.double({ noNaN: true }));
const meta = fc.option(fc.dictionary(text, nearly(text), { maxKeys: 4 }));
const more = { Tags: fc.array(text, { maxLength: 2 }), Port: fc.nat() };
const results = nearlyObject({
  Results: fc.array(
    fc.oneof(
      nearlyObject({ Node: nearlyObject({ Node: text, Address: text, Meta: meta, ModifyIndex: index, ...more }) }),
      nearlyObject({ Service: nearlyObject({ ID: text, Service: text, Meta: meta, ModifyIndex: index, ...more }) }),
      nearlyObject({ Check: nearlyObject({ CheckID: text, Name: text, ModifyIndex: index, ...more }) }),
    ),
    { maxLength: 4 },
  ),
});

describe("the results of a transaction, read by hand", () => {
  it("are accepted and refused as the schema does it, with an equal value", () => {
    const seen = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(results, (json) => {
        const bySchema = AppliedResponse.safeParse(json);
        seen[bySchema.success ? "accepted" : "refused"]++;
        expect(readAppliedResults(json)).toEqual(bySchema.success ? bySchema.data : undefined);
      }),
      { numRuns: 2_000 },
    );
    // Both happened often, so that each of them was compared.
    expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(300);
  });

  it("are left to the schema when a meta has the name that it drops", () => {
    const json: unknown = JSON.parse(
      `{"Results":[{"Service":{"ID":"a","Service":"a","Meta":{"__proto__":"b"},"ModifyIndex":1}}]}`,
    );
    expect(AppliedResponse.safeParse(json).success).toBe(true);
    expect(readAppliedResults(json)).toBeUndefined();
  });
});
