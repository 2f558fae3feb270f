import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Entity } from "../../../runtime/core/entity.ts";
import { InternedValues } from "../../../runtime/shell/turns/interned-values.ts";

const withData = (data: unknown): Entity => ({
  id: "n",
  state: "ACTIVE",
  reducerState: "complete",
  data,
  attempt: { number: 1, id: "a", correlationIds: [], awaiting: [] },
  seq: 1,
  publishedSeq: null,
  deadlines: {},
  stateSince: 0,
});
const node = (id: string) => ({
  node: { id, labels: { region: "eu" }, can: ["read", "write"], note: "x".repeat(300) },
});
type Node = { readonly data: ReturnType<typeof node> };

describe("values that entities share", () => {
  it("are the same object when they are equal, and only then", () => {
    const values = new InternedValues();
    const [one, other] = ["one", "other"].map((id) => values.internEntity(withData(node(id)))) as unknown as [
      Node,
      Node,
    ];
    expect(one.data.node.labels).toBe(other.data.node.labels);
    expect(one.data.node.can).toBe(other.data.node.can);
    expect(one.data.node).not.toBe(other.data.node);
  });

  it("cannot be changed", () => {
    const { data } = new InternedValues().internEntity(withData(node("one"))) as unknown as Node;
    expect(() => data.node.can.push("delete")).toThrow(TypeError);
  });

  it("are equal to the originals, however many came before", () => {
    const values = new InternedValues();
    // Twice as many as are kept.
    for (let i = 0; i < 10_000; i++) values.internEntity(withData({ said: `${i}` }));
    fc.assert(
      fc.property(fc.jsonValue(), (data) => {
        const entity = withData(data);
        const shared = values.internEntity(entity);
        expect(shared).toEqual(entity);
        expect(JSON.stringify(shared)).toBe(JSON.stringify(entity));
      }),
    );
  });

  it("keep a __proto__ key as it is", () => {
    const data: unknown = JSON.parse(`{"__proto__": {"labels": "x"}, "constructor": ["a"]}`);
    const shared = new InternedValues().internEntity(withData(data)).data as object;
    expect(JSON.stringify(shared)).toBe(JSON.stringify(data));
    expect(Object.getPrototypeOf(shared)).toBe(Object.prototype);
  });
});
