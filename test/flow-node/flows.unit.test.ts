import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { acceptFlows, Flow, type RejectedFlow } from "../../contracts/flow-node/messages/flow.ts";
import { FLOWS, PATHS } from "./text-flows.ts";

const FIELDS = Object.keys(Flow.shape) as (keyof Flow)[];
const [FLOW = {} as Flow] = FLOWS;
const reasons = (...sent: readonly unknown[]): readonly string[] =>
  acceptFlows(sent).rejected.map(({ reason }) => reason);

describe("a list of flows", () => {
  it("is taken as the text has it, times and all", () => {
    expect(acceptFlows(FLOWS)).toEqual({ flows: FLOWS, rejected: [] });
    expect(acceptFlows([])).toEqual({ flows: [], rejected: [] });
    for (const published of ["2024-11-12", "2024-11-12T11:12", "2024-11-12T11:12:13.5Z", "yesterday"])
      expect(acceptFlows([{ ...FLOW, published }]).flows).toEqual([{ ...FLOW, published }]);
  });

  it("loses what lacks one of the eight fields, or has it empty, and says which", () => {
    for (const field of FIELDS) {
      const { [field]: _, ...without } = FLOW;
      expect(reasons(without)).toEqual([`${field}: missing`]);
      expect(reasons({ ...FLOW, [field]: "" }, { ...FLOW, [field]: " \n" })).toEqual([
        `${field}: empty`,
        `${field}: empty`,
      ]);
      expect(reasons({ ...FLOW, [field]: null }, { ...FLOW, [field]: 7 })).toEqual([
        `${field}: no text`,
        `${field}: no text`,
      ]);
      expect(reasons({ ...FLOW, [field]: "x".repeat(10_001) })).toEqual([
        expect.stringMatching(`^${field}: at most \\d+ characters$`),
      ]);
    }
    expect(reasons(null, 1, "x", [FLOW], {})).toEqual([
      ...["no object", "no object", "no object", "no object"],
      FIELDS.map((field) => `${field}: missing`).join(", "),
    ]);
  });

  it("has of a path the first, and names it in what is rejected", () => {
    const sent = [{ ...FLOW, author: "" }, FLOW, { ...FLOW, name: "Another" }];
    expect(acceptFlows(sent)).toEqual({
      flows: [FLOW],
      rejected: [
        { index: 0, path: PATHS[0], reason: "author: empty" },
        { index: 2, path: PATHS[0], reason: "its path is that of flow 1, which counts" },
      ],
    });
    expect(acceptFlows([{ path: "" }, { path: 7 }, {}]).rejected.map(({ path }) => path)).toEqual([null, null, null]);
  });

  it("keeps nothing but the eight fields: a scope file has others that are nobody's business", () => {
    expect(acceptFlows([{ ...FLOW, run: ["./secret"], env: { TOKEN: "x" } }]).flows).toEqual([FLOW]);
  });

  it("has no characters that the store refuses", () => {
    expect(reasons({ ...FLOW, name: "a\0b" }, { ...FLOW, name: "\ud800" })).toEqual([
      "name: characters that are no text",
      "name: characters that are no text",
    ]);
    expect(acceptFlows([{ path: "a\0b\udfff" }]).rejected[0]?.path).toBe("a�b�");
  });
});

const text = fc.oneof(fc.constantFrom("a", "b", "c", "", " "), fc.string({ unit: "binary" }));
const anyFlow = fc.oneof(
  { weight: 3, arbitrary: fc.record(Object.fromEntries(FIELDS.map((field) => [field, text]))) },
  fc.record(Object.fromEntries(FIELDS.map((field) => [field, fc.oneof(text, fc.jsonValue())])), { requiredKeys: [] }),
  fc.jsonValue(),
);

describe("of any list", () => {
  it("each flow is either taken or rejected, in order, and what was taken is taken again", () => {
    fc.assert(
      fc.property(fc.array(anyFlow, { maxLength: 12 }), (sent) => {
        const { flows, rejected } = acceptFlows(sent);
        expect(flows.length + rejected.length).toBe(sent.length);
        const isRejected = new Set(rejected.map(({ index }) => index));
        expect([...isRejected]).toEqual([...isRejected].sort((a, b) => a - b));
        const kept = sent.filter((_, index) => !isRejected.has(index)) as Flow[];
        expect(flows).toEqual(kept.map((flow) => Object.fromEntries(FIELDS.map((field) => [field, flow[field]]))));
        expect(new Set(flows.map(({ path }) => path)).size).toBe(flows.length);
        for (const flow of flows) for (const field of FIELDS) expect(flow[field].trim()).not.toBe("");
        for (const { reason, path } of rejected satisfies readonly RejectedFlow[]) {
          expect(reason).not.toBe("");
          expect(path ?? "").not.toMatch(/[\0\p{Surrogate}]/u);
        }
        expect(acceptFlows(flows)).toEqual({ flows, rejected: [] });
      }),
      { numRuns: 300 },
    );
  });
});
