import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Store } from "../../runtime/ports/store.ts";
import { type EventPage, readEventPage } from "../../runtime/stored/event-pages.ts";
import { openInitializedStore } from "../initialized-store.ts";
import { emptyTables } from "../shell/orders.ts";
import { eventLine, intentLine, stepLine } from "./lines.ts";
import { DOMAIN, replaceInLines, writeTurn } from "./written-lines.ts";

let store: Store;
beforeAll(async () => {
  store = await openInitializedStore();
  await emptyTables(store);
});
afterAll(() => store.close());
beforeEach(async () => void (await store.query("truncate rollcall.turn")));

type Wanted = Parameters<typeof readEventPage>[4];
const page = (from: readonly number[], upto: readonly number[], wanted?: Wanted): Promise<EventPage> =>
  readEventPage(store, DOMAIN, from, upto, wanted);
const valueOf = (id: string, entity = "e"): string => (eventLine(entity, id) as { value: string }).value;
const idsIn = ({ events }: EventPage): string[] =>
  events.map(({ value }) => (JSON.parse(value) as { envelope_id: string }).envelope_id);

/** Every page until the end. */
async function allPages(upto: readonly number[], wanted?: Wanted): Promise<EventPage[]> {
  const pages: EventPage[] = [];
  for (
    let from = upto.map(() => 0);
    from.some((seq, at) => seq < (upto[at] ?? 0));
    from = [...(pages.at(-1)?.position ?? [])]
  )
    pages.push(await page(from, upto, wanted));
  return pages;
}
const at = (second: number): string => new Date(Date.UTC(2026, 2, 28, 12, 0, second)).toISOString();

/** Of a message: its step, an event and an intent. */
const step = (id: string, entity = "e") => [
  stepLine(entity, `m-${id}`),
  eventLine(entity, id),
  intentLine(entity, `i-${id}`),
];

describe("a page of events", () => {
  it("has those behind a position, with their published bytes, and nothing else", async () => {
    await writeTurn(store, { at: at(0), seq: 1 }, [...step("v1"), ...step("v2")]);
    const { events, position } = await page([2], [6]);
    expect(events).toMatchObject([{ partition: 0, seq: 5, type: "Opened", entity_id: "e", value: valueOf("v2") }]);
    expect(position).toEqual([6]);
  });

  it("ends at the end that was asked for", async () => {
    await writeTurn(store, { at: at(0), seq: 1 }, step("v1"));
    await writeTurn(store, { at: at(1), seq: 4 }, step("v2"));
    expect(idsIn(await page([0], [3]))).toEqual(["v1"]);
  });

  it("is ordered by time between partitions, by the journal within one, even if a clock went back", async () => {
    await writeTurn(store, { partition: 0, at: at(2), seq: 1 }, step("a1"));
    await writeTurn(store, { partition: 0, at: at(0), seq: 4 }, step("a2"));
    await writeTurn(store, { partition: 1, at: at(1), seq: 1 }, step("b1"));
    await writeTurn(store, { partition: 1, at: at(3), seq: 4 }, step("b2"));
    expect(idsIn(await page([0, 0], [6, 6]))).toEqual(["b1", "a1", "a2", "b2"]);
  });

  it("leads over what does not match", async () => {
    await writeTurn(store, { at: at(0), seq: 1 }, [...step("v1"), ...step("v2", "f"), stepLine("e", "m3")]);
    await writeTurn(store, { at: at(1), seq: 8 }, [eventLine("e", "v3", { type: "Shut" })]);
    const ofEntity = await page([0], [8], { entityId: "f" });
    expect([idsIn(ofEntity), ofEntity.position]).toEqual([["v2"], [8]]);
    const ofType = await page([0], [8], { types: ["Shut"] });
    expect([idsIn(ofType), ofType.position]).toEqual([["v3"], [8]]);
    const ofNothing = await page([0], [7], { types: ["Shut"], entityId: "f" });
    expect([idsIn(ofNothing), ofNothing.position]).toEqual([[], [7]]);
  });

  it("is bounded in bytes, and the next one goes on without a gap or a duplicate", async () => {
    const large = "x".repeat(100_000);
    const ids: string[] = [];
    for (let turn = 0; turn < 12; turn++)
      for (const partition of [0, 1]) {
        const id = `${partition}-${turn}`;
        ids.push(id);
        const lines = [stepLine("e", `m-${id}`, { payload: { large } }), eventLine("e", id)];
        await writeTurn(store, { partition, at: at(turn), seq: 1 + 2 * turn }, lines);
      }
    const pages = await allPages([24, 24, 0]);
    expect(pages.length).toBeGreaterThan(3);
    for (const each of pages) expect(each.events.length).toBeLessThanOrEqual(7);
    // The oldest first over all partitions.
    expect(pages.flatMap(idsIn)).toEqual(ids);
  });

  it("is bounded in rows", async () => {
    for (let turn = 0; turn < 300; turn++)
      await writeTurn(store, { at: at(turn), seq: 1 + turn }, [eventLine("e", `${turn}`)]);
    const pages = await allPages([300]);
    expect(pages.map(({ events }) => events.length)).toEqual([256, 44]);
  });

  it("leads to the end where the days in between were dropped", async () => {
    await writeTurn(store, { at: at(0), seq: 100 }, step("v1"));
    expect(await allPages([102, 50])).toMatchObject([{ events: [{ seq: 101 }], position: [102, 50] }]);
  });

  it("is refused when an event can't be read", async () => {
    await writeTurn(store, { at: at(0), seq: 1 }, step("v1"));
    await replaceInLines(store, ',"value":', ',"valve":');
    await expect(page([0], [3])).rejects.toMatchObject({ code: "JOURNAL_DAMAGED", retryable: false });
  });

  it("is refused when it is not known whether a line is an event", async () => {
    await writeTurn(store, { at: at(0), seq: 1 }, step("v1"));
    await replaceInLines(store, '"kind":"event"', '"kind":"evnt"');
    await expect(page([0], [3])).rejects.toMatchObject({ code: "JOURNAL_DAMAGED" });
  });
});
