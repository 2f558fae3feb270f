import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Store } from "../../runtime/ports/store.ts";
import { groupsBackwards, type LinePosition, newestLineOf } from "../../runtime/stored/entity-lines.ts";
import { ensureDayPartitions } from "../../runtime/adapters/sql/migrate.ts";
import { CHUNK_LINES_MAX } from "../../runtime/stored/write-lines.ts";
import { openInitializedStore } from "../initialized-store.ts";
import { emptyTables } from "../shell/orders.ts";
import { endLine, eventLine, intentLine, stepLine } from "./lines.ts";
import { DOMAIN, replaceInLines, writeTurn } from "./written-lines.ts";

let store: Store;
beforeAll(async () => {
  store = await openInitializedStore();
  await emptyTables(store);
});
afterAll(() => store.close());
beforeEach(async () => {
  await store.query("truncate rollcall.turn");
  await ensureDayPartitions(store, ["2026-03-27", "2026-03-28", "2026-03-29"]);
});

/** Each group as the ids of its lines. */
async function idsBack(from: LinePosition | undefined, entityId = "e"): Promise<string[]> {
  const found: string[] = [];
  for await (const { head, behind } of groupsBackwards(store, DOMAIN, 0, entityId, from))
    found.push([head, ...behind].map(({ id }) => id).join(" "));
  return found;
}
const day28 = { at: "2026-03-28T12:00:00.000Z" };
const damage = { code: "JOURNAL_DAMAGED", retryable: false };

/** On three days: two steps of which the second one has an event and an intent, the intent's end, and another step. */
async function story(): Promise<LinePosition> {
  await writeTurn(store, { at: "2026-03-27T23:59:59.999Z", seq: 1 }, [
    stepLine("e", "m1"),
    stepLine("other", "x1"),
    stepLine("e", "m2", { prev: 1 }),
    eventLine("e", "v1", { prev: 3 }),
    intentLine("e", "i1", { prev: 4 }),
    stepLine("other", "x2", { prev: 2, payload: { about: "e" } }),
  ]);
  const before = { state: "OPEN", intents: [{ id: "i1" }] };
  await writeTurn(store, { at: "2026-03-28T00:00:00.000Z", seq: 7 }, [
    stepLine("other", "x3", { prev: 6 }),
    endLine("e", "i1", { prev: 5, prev_day: "2026-03-27", before }),
  ]);
  await writeTurn(store, { at: "2026-03-29T10:00:00.000Z", seq: 9 }, [
    stepLine("e", "m3", { prev: 8, prev_day: "2026-03-28", before }),
  ]);
  return { seq: 9, day: "2026-03-29" };
}

describe("the lines of an entity", () => {
  it("are found backwards over its rows and days, a step with what followed from it", async () => {
    expect(await idsBack(await story())).toEqual(["m3", "i1", "m2 v1 i1", "m1"]);
  });

  it("carry their place, and an event its published bytes", async () => {
    for await (const { head, behind } of groupsBackwards(store, DOMAIN, 0, "e", await story())) {
      if (head.seq !== 3) continue;
      expect(head).toMatchObject({ partition: 0, seq: 3, at: "2026-03-27T23:59:59.999Z", contract_hash: "hash" });
      expect(behind[0]).toMatchObject({ kind: "event", value: expect.stringContaining('"value\\":{v1}') });
    }
  });

  it("are found where they fill many rows", async () => {
    const many = Array.from({ length: 3 * CHUNK_LINES_MAX }, (_, index) =>
      index % 2 === 0
        ? stepLine("e", `m${index}`, index > 0 ? { prev: index - 1 } : {})
        : stepLine("other", `x${index}`),
    );
    await writeTurn(store, { ...day28, seq: 1 }, many);
    const found = await idsBack({ seq: many.length - 1, day: "2026-03-28" });
    expect(found).toHaveLength(many.length / 2);
    expect(found.at(-1)).toBe("m0");
  });

  it("are none of an entity that has none yet", async () => {
    expect(newestLineOf({ lastLine: 0, lastLineMs: 0 })).toBeUndefined();
    expect(await idsBack(undefined)).toEqual([]);
  });

  it("end where days were dropped", async () => {
    const newest = await story();
    await store.query("drop table rollcall.turn_20260327");
    expect(await idsBack(newest)).toEqual(["m3", "i1"]);
  });
});

describe("a journal is damaged", () => {
  const failing = async (from: LinePosition = { seq: 9, day: "2026-03-29" }) =>
    expect(await idsBack(from).catch((error: unknown) => error)).toMatchObject(damage);

  it("when a row of a day that is there is missing", async () => {
    await story();
    await writeTurn(store, { at: "2026-03-27T10:00:00.000Z", seq: 300 }, [stepLine("other", "x4")]);
    await store.query("delete from rollcall.turn where seq = 1");
    await failing();
  });

  it.each([
    ["a line is cut off", '"said":"m2"', '"said":'],
    ["a line has another number", '{"seq":3,', '{"seq":4,'],
    ["a line is of a kind that is not known", '"kind":"intent"', '"kind":"int"'],
    ["a line is about another entity", '"entity_id":"e","id":"i1"', '"entity_id":"f","id":"i1"'],
    ["two lines are one", "\n", " "],
    ["an event has no value", ',"value":', ',"valve":'],
    ["lines name each other", '"prev":3', '"prev":5'],
  ])("when %s", async (_what, from, to) => {
    await story();
    await replaceInLines(store, from, to);
    await failing();
  });

  it("and lines of others in the same row need not be readable", async () => {
    const newest = await story();
    await replaceInLines(store, '"said":"x1"', '"said":');
    expect(await idsBack(newest)).toHaveLength(4);
  });
});
