import { describe, expect, it } from "vitest";
import { done, effect } from "../../../runtime/core/effect.ts";
import { partitionOf } from "../../../runtime/core/murmur2.ts";
import type { Store } from "../../../runtime/ports/store.ts";
import { releaseHold } from "../../../runtime/shell/operators/holds.ts";
import { requestPurge } from "../../../runtime/stored/purges.ts";
import { dropTombstones, hasTombstones, readTombstone } from "../../../runtime/stored/tombstones.ts";
import { toyCode } from "../../contract/toy-domain.ts";
import { oneStore, type Orders } from "../one-store.ts";
import { until } from "../orders.ts";
import { linesOf, refusing } from "../refusing.ts";
import { retainedFor } from "./retained.ts";

const { store, start: startOrders } = await oneStore();

const DAY_MS = 86_400_000;
const SOON_MS = 1;
const REFUND = toyCode.effects["HandlerCardRefund"]?.intent as never;

describe("entities that have ended", () => {
  const start = (options: Parameters<typeof startOrders>[0] = {}, over: Store = store) =>
    startOrders({ changed: retainedFor(SOON_MS), ...options }, over);
  /** Orders that are placed and cancelled. */
  async function end({ place, publish, stateOf, untilState }: Orders, ...ids: string[]) {
    await place(ids);
    // What is on another topic may be taken first.
    for (const id of ids) await untilState(id, "TOLD");
    await publish(
      "cancel-order",
      ids.map((order_id) => ({ order_id })),
    );
    for (const id of ids) await until(async () => (await stateOf(id)) !== "TOLD");
  }
  const lines = (id: string, where = "true") =>
    store.query<{ line: { kind: string; type: string; seq: number; prev?: number }; reason: string; state: string }>(
      `select line, reason, state from rollcall.journal where entity_id = $1 and ${where} order by seq`,
      [id],
    );
  const isPurged = (id: string) => async () => {
    const rows = await store.query(
      `select entity_id from rollcall.entity where entity_id = $1
       union all select entity_id from rollcall.entity_data where entity_id = $1`,
      [id],
    );
    return rows.length === 0 && (await readTombstone(store, "orders", id)) !== undefined;
  };
  const events = (id: string) =>
    store.query<{ type: string; seq: number }>(
      `select type, (line -> 'value' -> 'payload' ->> 'entity_seq')::int as seq from rollcall.journal
        where kind = 'event' and entity_id = $1 order by rollcall.journal.seq`,
      [id],
    );

  it("are purged by a message of a turn; one with the id of a purged one goes on from its number", async () => {
    const orders = await start();
    await end(orders, "o1");
    await until(isPurged("o1"));
    await orders.settled();
    const [purge] = await lines("o1", "type = 'purge'");
    expect(purge).toMatchObject({ state: null, line: { kind: "message", of: "purge", payload: { by: "retain" } } });
    expect(purge?.reason).toContain("kept as long as `retain` says");
    expect((await lines("o1", "kind = 'intent'")).map(({ line }) => line.type).slice(-1)).toEqual(["card.refund"]);

    await orders.place(["o1"], 7);
    await orders.untilState("o1", "TOLD");
    const numbers = (await events("o1")).map(({ seq }) => seq);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect(numbers.length).toBe(5);
    expect(await readTombstone(store, "orders", "o1")).toBeUndefined();
    const all = await lines("o1");
    expect(all.map(({ line }) => line.prev)).toEqual([undefined, ...all.slice(0, -1).map(({ line }) => line.seq)]);
  });

  it("are passed over as long as an intent is open, and don't hold up others", async () => {
    let finish = (): void => {};
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const HandlerCardRefund = effect(REFUND, [], async (intents) => {
      const refunds = intents as unknown as readonly { readonly payload: { readonly order_id: string } }[];
      if (refunds.some(({ payload }) => payload.order_id === "o1")) await finished;
      return intents.map(() => done());
    });
    const orders = await start({ effects: { HandlerCardRefund } });
    await end(orders, "o1");
    await end(orders, "o2");
    await until(() => orders.told.some((event) => event.kind === "purge_deferred" && event.entityId === "o1"));
    await until(isPurged("o2"));
    expect(await orders.stateOf("o1")).toBe("ENDED");
    expect(await lines("o1", "type = 'purge'")).toEqual([]);
    finish();
    await until(isPurged("o1"));
  });

  it("are purged later when the store refuses that at first, and others meanwhile", async () => {
    const { over, accept } = refusing(store, linesOf("purge", "o1"));
    const orders = await start({}, over);
    const refused = () => orders.runtime.status().refusedTurns;
    await end(orders, "o1", "o2");
    await until(() => refused().length > 0);
    await until(isPurged("o2"));
    expect(refused()).toMatchObject([{ entityId: "o1", type: "purge", intentId: null, error: "no room for it" }]);
    expect(await orders.stateOf("o1")).toBe("ENDED");
    accept();
    await until(isPurged("o1"));
    await orders.settled();
    expect([await lines("o1", "type = 'purge'"), refused(), orders.fatal]).toEqual([[expect.anything()], [], []]);
  });

  it("stay while a hold of the domain is in force", async () => {
    const orders = await start();
    await store.query(
      `insert into rollcall.deletion_hold (domain, backend, held_at, last_waiting_at, deletions, total)
       values ('orders', 'bank', now(), now(), 5, 6)`,
    );
    await end(orders, "o1");
    const scans = () =>
      store.query<{ count: number }>(`select count(*)::int as count from rollcall.journal where type = 'purge'`);
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    expect(await scans()).toEqual([{ count: 0 }]);
    const decision = { domain: "orders", who: "a test", reason: null, atMs: Date.now() };
    expect(await releaseHold(store, "deletion", "bank", decision)).toBe(true);
    await until(isPurged("o1"));
  });

  it("are purged before their time when an operator asks for it, and only then", async () => {
    const orders = await start({ changed: retainedFor(30 * DAY_MS) });
    await end(orders, "o1", "o2");
    await orders.place(["o3"]);
    await orders.untilState("o3", "TOLD");
    const ask = (id: string) => requestPurge(store, "orders", partitionOf(id, 4), id);
    expect([await ask("o1"), await ask("o3"), await ask("o4")]).toEqual([true, false, false]);
    await until(isPurged("o1"));
    expect(await lines("o1", "type = 'purge' and reason like '%an operator asked for it'")).toHaveLength(1);
    expect(await orders.stateOf("o2")).toBe("ENDED");
    await until(async () => (await store.query(`select 1 from rollcall.purge_request`)).length === 0);
  });

  it("are purged by a contract that came later, and known to one that purges nothing", async () => {
    const before = await startOrders();
    await end(before, "o1", "o2");
    expect(await store.query(`select 1 from rollcall.entity where purge_at is not null`)).toEqual([]);
    await before.runtime.stop();
    const later = await start();
    await until(isPurged("o1"));
    await until(isPurged("o2"));
    expect(await hasTombstones(store, "orders")).toBe(true);

    await later.runtime.stop();
    const after = await startOrders();
    await after.place(["o2"], 7);
    await after.untilState("o2", "TOLD");
    expect((await events("o2")).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
  });

  it("leave a tombstone of at most 120 bytes, which goes with its day", async () => {
    const orders = await start();
    const long = "o".repeat(200);
    await end(orders, long);
    await until(isPurged(long));
    const [row] = await store.query<{ bytes: number; day: string }>(
      `select pg_column_size(t.*)::int as bytes, drop_on::text as day from rollcall.tombstone t`,
    );
    expect(row?.bytes).toBeLessThanOrEqual(120);
    const dropOn = Date.parse(`${row?.day}T00:00:00Z`);
    expect(dropOn - Date.now()).toBeGreaterThanOrEqual(30 * DAY_MS);
    expect(dropOn - Date.now()).toBeLessThanOrEqual(31 * DAY_MS);
    const dayBefore = new Date(dropOn - 1).toISOString().slice(0, 10);
    await dropTombstones(store, "orders", dayBefore);
    expect(await readTombstone(store, "orders", long)).toBeDefined();
    await dropTombstones(store, "orders", row?.day ?? "");
    expect(await readTombstone(store, "orders", long)).toBeUndefined();
    await orders.place([long], 7);
    await orders.untilState(long, "TOLD");
    expect((await events(long)).map(({ seq }) => seq).slice(-2)).toEqual([1, 2]);
  });
});
