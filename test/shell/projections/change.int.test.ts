import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { PgliteStore } from "../../../runtime/adapters/pglite/pglite-store.ts";
import { SystemClock } from "../../../runtime/adapters/system-clock.ts";
import type { Domain } from "../../../runtime/core/domain.ts";
import type { ProjectionSpec } from "../../../runtime/core/projection.ts";
import type { Store } from "../../../runtime/ports/store.ts";
import { changeProjections, prepareProjections } from "../../../runtime/shell/projections/change-projections.ts";
import { beginFill, type FillProgress } from "../../../runtime/shell/projections/fill-projection.ts";
import { verifyProjection } from "../../../runtime/shell/projections/verify-projection.ts";
import { readRows } from "../../../runtime/stored/projection-rows.ts";
import { readProjections } from "../../../runtime/stored/projection-tables.ts";
import { orderRow, viewedCode, viewsOf } from "../../contract/viewed-orders.ts";
import { emptyTables, ordersDomain, startOrders, until } from "../orders.ts";
import { retainedFor } from "../purges/retained.ts";

/** A page of a fill, and some. */
const ORDERS = 620;
const PAGE = 500;

/** With `order_list` of this version, and of before what has ended for 1 ms is purged. */
const versionOf =
  (version: number) =>
  (domain: Domain): Domain => ({
    ...retainedFor(1)(domain),
    ...viewsOf(
      [["version: 1\n    row:", `version: ${version}\n    row:`]],
      viewedCode({ order_row: { ...orderRow, version } }),
    ),
  });

describe("projections that change while they are served", () => {
  let store: Store;
  let orders: Awaited<ReturnType<typeof startOrders>>;
  beforeAll(async () => void (store = await PgliteStore.open({ directory: undefined })));
  afterAll(() => store.close());
  beforeEach(async () => {
    await store.query("drop schema if exists rollcall_orders cascade");
    await emptyTables(store);
    await prepareProjections(filling(first));
    orders = await startOrders(store, { changed: versionOf(1), keepsTold: false });
    await orders.place(ids, 3);
    await until(async () => (await count("rollcall.entity where state = 'TOLD'")) === ORDERS);
    await orders.settled();
  });
  afterEach(() => orders.runtime.stop());

  const ids = Array.from({ length: ORDERS }, (_, nth) => `o${String(nth).padStart(3, "0")}`);
  const [first, second] = [ordersDomain({ changed: versionOf(1) }), ordersDomain({ changed: versionOf(2) })];
  const filling = (domain: Domain) => ({ store, domain, clock: new SystemClock() });
  const listOf = ({ projections: [list] }: Domain): ProjectionSpec => list as ProjectionSpec;
  const count = async (from: string): Promise<number> => {
    const [row] = await store.query<{ count: number }>(`select count(*)::int as count from ${from}`);
    return row?.count ?? -1;
  };
  const differences = async (domain: Domain) => (await verifyProjection(filling(domain), listOf(domain))).differences;
  const inUse = async () => (await readProjections(store, "orders"))[0]?.version;
  /** Ends after a page, as a crash would. */
  const crash = async (onFilled: (progress: FillProgress) => void = () => {}) => {
    let asked = 0;
    const changing = { onFilled, isCancelled: () => ++asked > 1 };
    await expect(prepareProjections(filling(second), changing)).rejects.toThrow(
      "the change of order_list was given up",
    );
    expect(await count("rollcall_orders.order_list_v2")).toBe(PAGE);
  };

  it("are gone on with where a crash has left them, and lack nothing of what turns did meanwhile", async () => {
    await crash();
    // Two of what was copied and one of what was not are gone, one of them is back, one is new.
    await orders.publish("cancel-order", [{ order_id: "o001" }, { order_id: "o002" }, { order_id: "o610" }]);
    await until(async () => (await count("rollcall.entity")) === ORDERS - 3);
    await orders.place(["a-new-one", "o001"], 4);
    await until(async () => (await count("rollcall.entity where state = 'TOLD'")) === ORDERS - 1);
    await orders.settled();
    expect([await inUse(), await differences(first)]).toEqual([1, []]);
    const progress: number[] = [];
    await prepareProjections(filling(second), { onFilled: ({ filled }) => progress.push(filled) });
    // The rest, and no more.
    expect(progress).toEqual([ORDERS - 1 - PAGE]);
    expect([await inUse(), await differences(second)]).toEqual([2, []]);
    expect(await count("rollcall_orders.order_list_v2 where order_id in ('o002', 'o610')")).toBe(0);
    expect(await count("rollcall_orders.order_list_v2 where order_id = 'o001' and amount = 4")).toBe(1);
  });

  it("are not begun anew by a process that hears late that another one has put them in use", async () => {
    await prepareProjections(filling(second));
    await store.transaction((tx) => beginFill(tx, listOf(second)));
    expect(await count("rollcall_orders.order_list_v2")).toBe(ORDERS);
    expect(await differences(second)).toEqual([]);
  });

  it("are begun anew when days of the journal are gone that name what they lack", async () => {
    await crash();
    await orders.publish("cancel-order", [{ order_id: "o003" }]);
    await until(async () => (await count("rollcall.entity")) === ORDERS - 1);
    await orders.settled();
    await store.query("delete from rollcall.turn");
    const progress: number[] = [];
    await prepareProjections(filling(second), { onFilled: ({ filled }) => progress.push(filled) });
    expect(progress).toEqual([ORDERS - PAGE, PAGE, ORDERS - 1]);
    expect(await differences(second)).toEqual([]);
  });

  it("come in use with what they are put in force with, or not at all", async () => {
    const refused = changeProjections(filling(second), {}, (last) =>
      store.transaction(async (tx) => {
        await last(tx);
        throw new Error("the contracts are refused");
      }),
    );
    await expect(refused).rejects.toThrow("the contracts are refused");
    expect(await inUse()).toBe(1);
    await orders.place(["o-after"]);
    await orders.untilState("o-after", "TOLD");
    expect(await differences(first)).toEqual([]);
    await changeProjections(filling(second), {}, async () => {});
    expect([await inUse(), await differences(second)]).toEqual([2, []]);
  });

  it("are caught up with outside of the last round when that would take long", async () => {
    const waits: string[] = [];
    let hasChanged = false;
    await changeProjections(filling(second), { onWaiting: (reason) => waits.push(reason) }, async (last) => {
      if (!hasChanged) await orders.place(Array.from({ length: 1_100 }, (_, nth) => `n${nth}`));
      await until(async () => (await count("rollcall.entity where state = 'TOLD'")) === ORDERS + 1_100);
      hasChanged = true;
      await store.transaction(last);
    });
    expect(waits).toEqual([expect.stringMatching(/^the rows of order_list version 2 are further behind/)]);
    expect(await differences(second)).toEqual([]);
  });

  it("are no longer read of a version that no turn writes any more", async () => {
    const list = async (domain: Domain) => {
      let rows = 0;
      for await (const piece of readRows(store, listOf(domain), { where: [], sort: [], limit: 9 }))
        rows += piece.length;
      return rows;
    };
    expect(await list(first)).toBe(9);
    await prepareProjections(filling(second));
    await expect(list(first)).rejects.toMatchObject({
      ...{ code: "PROJECTION_SUPERSEDED", retryable: true },
      message: "version 1 of the projection order_list is not in use any more, version 2 is: ask again",
    });
    expect(await list(second)).toBe(9);
  });
});
