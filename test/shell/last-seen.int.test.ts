import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PgliteStore } from "../../runtime/adapters/pglite/pglite-store.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import { viewOf } from "../../runtime/core/entity.ts";
import type { StepLine } from "../../runtime/core/journal.ts";
import { readEntity } from "../../runtime/stored/entities.ts";
import { emptyTables, pickupWithin, startOrders, until } from "./orders.ts";

let store: PgliteStore;
let stop: () => Promise<void> = async () => {};
beforeEach(async () => {
  store = await PgliteStore.open({ directory: undefined });
  await emptyTables(store);
});
afterEach(async () => {
  await stop();
  await store.close();
});

const entity = async () => {
  const found = await readEntity(store, "orders", "o1");
  if (!found) throw new Error("o1 is not stored");
  return found;
};
/** Event times of the lines of a type, ms. */
const timesOf = async (type: string): Promise<number[]> => {
  const rows = await store.query<{ line: StepLine }>(
    `select line from rollcall.journal where kind = 'message' and type = $1 order by partition, seq`,
    [type],
  );
  return rows.map(({ line }) => line.now);
};
const lineCount = async (): Promise<number> => (await store.query(`select 1 from rollcall.journal`)).length;

/** An order that its customer was told of, and what it needs to go on. */
async function told(changed?: (domain: Domain) => Domain) {
  const orders = await startOrders(store, changed && { changed });
  stop = () => orders.runtime.stop();
  await orders.publish("place-order", [{ order_id: "o1", amount: 5 }]);
  await until(async () => (await orders.stateOf("o1")) === "TOLD");
  await orders.settled();
  return orders;
}

describe("last_seen", () => {
  it("is the event time of a message that was journaled; what the runtime says itself does not move it", async () => {
    const { domain } = await told();
    const { lastSeenMs, stateSince } = await entity();
    expect([lastSeenMs]).toEqual(await timesOf("PlaceOrder"));
    // The publish that moved the entity came later.
    expect(await timesOf("published(OrderPaid)")).toEqual([stateSince]);
    expect(stateSince).toBeGreaterThanOrEqual(lastSeenMs ?? Infinity);
    // No function that decides is given it.
    expect(JSON.stringify(viewOf(await entity(), domain.orchestrator))).not.toMatch(/last_?seen/i);
  });

  it("moves with a renewal that leaves no line, and not with a message that does nothing", async () => {
    const { publish, settled, runtime } = await told(pickupWithin(3_600_000));
    const lines = await lineCount();
    await publish("customer-seen", [{ order_id: "o1" }]);
    await until(async () => ((await entity()).deadlines["pickup"]?.renewedAt ?? null) !== null);
    const { lastSeenMs, deadlines } = await entity();
    expect(lastSeenMs).toBe(deadlines["pickup"]?.renewedAt);
    expect(await lineCount()).toBe(lines);
    await publish("cancel-order", [{ order_id: "o1" }]);
    await settled();
    const ended = await entity();
    expect([ended.state, ended.lastSeenMs]).toEqual(["ENDED", (await timesOf("CancelOrder"))[0]]);
    await until(() => Date.now() > (ended.lastSeenMs ?? Infinity));
    await publish("customer-seen", [{ order_id: "o1" }]);
    await until(() => runtime.status().lag === 0 && runtime.status().waiting === 0);
    expect((await entity()).lastSeenMs).toBe(ended.lastSeenMs);
  });

  it("moves with a no-op and with a repeat, which are journaled; and never back", async () => {
    const { publish, settled } = await told();
    const [placed = 0] = await timesOf("PlaceOrder");
    const timestamp = new Date(placed - 3_000).toISOString();
    await publish("place-order", [{ order_id: "o1", amount: 5, timestamp }]);
    await settled();
    expect(await timesOf("PlaceOrder")).toEqual([placed, expect.any(Number)]);
    expect((await timesOf("PlaceOrder"))[1]).toBeLessThan(placed);
    expect((await entity()).lastSeenMs).toBe(placed);
    const named = () => ({ message_id: "0198c0de-0000-4000-8000-000000000001" });
    await publish("place-order", [{ order_id: "o1", amount: 5 }], named);
    await settled();
    const third = (await timesOf("PlaceOrder"))[2] ?? 0;
    expect((await entity()).lastSeenMs).toBe(third);
    await until(() => Date.now() > third);
    await publish("place-order", [{ order_id: "o1", amount: 5 }], named);
    await settled();
    expect((await store.query(`select 1 from rollcall.journal where kind = 'repeat'`)).length).toBe(1);
    expect((await entity()).lastSeenMs).toBeGreaterThan(third);
  });

  it("does not move with a message that was refused", async () => {
    const failing = (domain: Domain): Domain => {
      const run = () => {
        throw new Error("a defect");
      };
      const row = { action: { kind: "call", name: "cancel", run, readsDoor: false, refusals: [] } } as const;
      const rows = new Map([["TOLD", [row]]]);
      return { ...domain, routes: new Map([...domain.routes, ["CancelOrder", { handler: "H", rows }]]) };
    };
    const { publish, settled } = await told(failing);
    const before = await entity();
    await publish("cancel-order", [{ order_id: "o1" }]);
    await settled();
    expect((await store.query(`select 1 from rollcall.dead_letter where error_code = 'CORE_ERROR'`)).length).toBe(1);
    expect((await entity()).lastSeenMs).toBe(before.lastSeenMs);
  });

  it("is in no index, so that moving it touches none", async () => {
    const indexes = await store.query<{ indexdef: string }>(
      `select indexdef from pg_indexes where schemaname = 'rollcall' and tablename = 'entity'`,
    );
    expect(indexes.length).toBeGreaterThan(0);
    for (const { indexdef } of indexes) expect(indexdef).not.toContain("last_seen");
  });
});
