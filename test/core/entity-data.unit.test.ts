import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { loadData, UnreadableData } from "../../runtime/core/entity-data.ts";
import { reducer } from "../../runtime/core/reducer.ts";

const Address = z.object({ street: z.string().default(""), city: z.string().optional() });
const Parcel = z.object({ weight: z.number().default(0), address: Address.default({ street: "" }) });

/** The first version had the street beside the weight. */
const upcast = (data: Readonly<Record<string, unknown>>): unknown => {
  const { street, ...others } = data;
  return street === undefined ? data : { ...others, address: { street } };
};
const code = { reducerCode: reducer(Parcel, {}, {}), upcast };

function problemOf(load: () => unknown): Pick<UnreadableData, "pointer" | "reason"> | undefined {
  try {
    load();
    return undefined;
  } catch (error) {
    if (!(error instanceof UnreadableData)) throw error;
    return error;
  }
}

describe("an entity's data that is read from the store", () => {
  it("is brought from an earlier version to this one's", () =>
    expect(loadData(code, { weight: 2, street: "Elm 1" })).toEqual({ weight: 2, address: { street: "Elm 1" } }));

  it("gets the defaults of fields that were not there yet", () =>
    expect(loadData({ reducerCode: code.reducerCode }, {})).toEqual({ weight: 0, address: { street: "" } }));

  it("keeps what the schema does not declare, at each depth", () =>
    expect(loadData(code, { weight: 1, note: "x", address: { street: "a", floor: 3 } })).toEqual({
      ...{ weight: 1, note: "x" },
      address: { street: "a", floor: 3 },
    }));

  it("is the same object when there is nothing to change, whatever the order of its keys", () => {
    const data = { note: [{ a: 1 }], address: { city: "b", street: "a" }, weight: 1 };
    expect(loadData(code, data)).toBe(data);
  });

  it("has its keys in the order of a new entity's, where it lacked some", () =>
    expect(Object.keys(loadData(code, { note: 1, address: { street: "a" } }) as object)).toEqual([
      ...["weight", "address", "note"],
    ]));

  it("is the same whether it is read once or twice", () =>
    fc.assert(
      fc.property(
        fc.record(
          {
            ...{ weight: fc.integer(), street: fc.string(), note: fc.jsonValue() },
            address: fc.record({ street: fc.string(), city: fc.string(), floor: fc.jsonValue() }, { requiredKeys: [] }),
          },
          { requiredKeys: [] },
        ),
        (stored) => {
          const once = loadData(code, stored);
          expect(loadData(code, once)).toBe(once);
        },
      ),
    ));

  it("names what is wrong by its JSON pointer", () => {
    expect(problemOf(() => loadData(code, { address: { street: 5 } }))).toMatchObject({ pointer: "/address/street" });
    const Odd = z.object({ "a/b": z.array(z.number()).default([]) });
    const odd = { reducerCode: reducer(Odd, {}, {}) };
    expect(problemOf(() => loadData(odd, { "a/b": [1, "2"] }))).toMatchObject({ pointer: "/a~1b/1" });
  });

  it.each([null, 3, "text", []])("can't be read when it is no object: %j", (stored) =>
    expect(problemOf(() => loadData(code, stored))).toMatchObject({ pointer: "" }),
  );

  it("can't be read when upcast fails", () => {
    const failing = {
      ...code,
      upcast: (): never => {
        throw new Error("no street");
      },
    };
    expect(problemOf(() => loadData(failing, {}))).toMatchObject({ pointer: "", reason: "upcast fails: no street" });
  });
});
