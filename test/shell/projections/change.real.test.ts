import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { EmbeddedBroker } from "../../../runtime/adapters/embedded-bus/embedded-broker.ts";
import { PostgresStore } from "../../../runtime/adapters/postgres/postgres-store.ts";
import { SystemClock } from "../../../runtime/adapters/system-clock.ts";
import type { Domain } from "../../../runtime/core/domain.ts";
import type { ProjectionSpec } from "../../../runtime/core/projection.ts";
import { prepareProjections } from "../../../runtime/shell/projections/change-projections.ts";
import { finishProjections } from "../../../runtime/shell/projections/finish-projections.ts";
import { verifyProjection } from "../../../runtime/shell/projections/verify-projection.ts";
import { orderRow, viewedCode, viewsOf } from "../../contract/viewed-orders.ts";
import { describeReal } from "../../real/services/describe-real.ts";
import { type FreshDatabase, freshDatabase } from "../../real/services/fresh-database.ts";
import { HeldTurns } from "./held-turns.ts";
import { emptyTables, ordersDomain, startOrders, until } from "../orders.ts";

/** Four pages of a fill. */
const ORDERS = 2_000;
const TEST_MS = 180_000;
/** Of the first page and of the last. */
const CHANGED = ["o0000", "o0001", "o1999"];

const versionOf =
  (version: number) =>
  (domain: Domain): Domain => ({
    ...domain,
    ...viewsOf(
      [["version: 1\n    row:", `version: ${version}\n    row:`]],
      viewedCode({ order_row: { ...orderRow, version } }),
    ),
  });

describeReal("projections that change while another process serves them", (services) => {
  let database: FreshDatabase;
  let store: PostgresStore;
  let other: PostgresStore;
  let orders: Awaited<ReturnType<typeof startOrders>>;
  let superseded = 0;
  const turns = new HeldTurns();
  beforeAll(async () => {
    database = await freshDatabase(services.database);
    [store, other] = [new PostgresStore({ url: database.url }), new PostgresStore({ url: database.url })];
  });
  beforeEach(async () => {
    await store.query("drop schema if exists rollcall_orders cascade");
    await emptyTables(store);
    await prepareProjections(filling(versionOf(1)));
    superseded = 0;
    orders = await serve(1);
    await orders.place(
      Array.from({ length: ORDERS }, (_, nth) => `o${String(nth).padStart(4, "0")}`),
      3,
    );
    await until(async () => (await count("rollcall.entity where state = 'TOLD'")) === ORDERS);
    await orders.settled();
  });
  afterEach(async () => {
    turns.release();
    await orders.runtime.stop();
  });
  afterAll(async () => {
    await Promise.all([store.close(), other.close()]);
    await database.drop();
  });

  const serve = (version: number) =>
    startOrders(turns.of(store), {
      ...{ changed: versionOf(version), keepsTold: false, onSuperseded: () => superseded++ },
      broker: new EmbeddedBroker({ store, clock: new SystemClock() }),
    });
  /** Of the second process. */
  const filling = (changed: (domain: Domain) => Domain) => ({
    ...{ store: other, domain: ordersDomain({ changed }), clock: new SystemClock() },
  });
  const verified = async (version: number) => {
    const { domain } = filling(versionOf(version));
    return verifyProjection(filling(versionOf(version)), domain.projections[0] as ProjectionSpec);
  };
  const count = async (from: string): Promise<number> => {
    const [row] = await other.query<{ count: number }>(`select count(*)::int as count from ${from}`);
    return row?.count ?? -1;
  };
  const isOpen = `pg_stat_activity where datname = current_database() and state = 'idle in transaction'`;

  it(
    "are put in use behind a turn that was open all along, and nothing of it is lacking",
    { timeout: TEST_MS },
    async () => {
      turns.hold();
      await orders.publish(
        "cancel-order",
        CHANGED.map((order_id) => ({ order_id })),
      );
      await until(async () => (await count(isOpen)) > 0);
      // It has its numbers, which the table's begin does not see; and none that the last rounds see, until it ends.
      const [filled, waits]: [number[], string[]] = [[], []];
      const changed = prepareProjections(filling(versionOf(2)), {
        onFilled: (progress) => filled.push(progress.filled),
        onWaiting: (reason) => waits.push(reason),
      });
      await until(() => waits.length > 1);
      expect(filled).toEqual([500, 1_000, 1_500, 2_000]);
      expect(new Set(waits)).toEqual(new Set(["a turn keeps its partition locked"]));
      expect(superseded).toBe(0);
      turns.release();
      await changed;
      expect(await verified(2)).toEqual({ entities: ORDERS, differences: [] });
      const ended = `rollcall_orders.order_list_v2 where status = 'ENDED'`;
      expect(await count(ended)).toBe(CHANGED.length);
      await until(() => superseded > 0);
      expect(orders.runtime.status().owned).toEqual([]);
    },
  );

  it(
    "lack nothing of what turns change all the while, before and behind the change",
    { timeout: TEST_MS },
    async () => {
      let placed = 0;
      let isOver = false;
      const publishing = (async () => {
        while (!isOver)
          await orders.place(
            Array.from({ length: 25 }, () => `n${placed++}`),
            2,
          );
      })();
      await until(() => placed > 100);
      await prepareProjections(filling(versionOf(2)));
      const before = placed;
      const atOnce = await verified(2);
      expect(atOnce.differences).toEqual([]);
      expect(atOnce.entities).toBeGreaterThan(ORDERS);
      await until(() => superseded > 0 && placed > before + 50);
      isOver = true;
      await publishing;
      await orders.runtime.stop();
      orders = await serve(2);
      await until(async () => (await count("rollcall.entity where state = 'TOLD'")) === ORDERS + placed);
      await orders.settled();
      expect(await verified(2)).toEqual({ entities: ORDERS + placed, differences: [] });
      expect(await verified(1)).not.toMatchObject({ differences: [] });
    },
  );

  it("have their view once nobody holds it, and keep what goes by it", { timeout: TEST_MS }, async () => {
    await other.query("create view public.report as select order_id, amount from rollcall_orders.order_list");
    const reader = new PostgresStore({ url: database.url });
    let end = (): void => {};
    const reading = reader.transaction(async (tx) => {
      await tx.query("select * from public.report limit 1");
      await new Promise<void>((resolve) => (end = resolve));
    });
    await until(async () => (await count(isOpen)) > 0);
    await prepareProjections(filling(versionOf(2)));
    const made = `rollcall.projection where name = 'order_list' and view_made = view`;
    // The change is in force all the same.
    expect([await count(made), (await verified(2)).differences]).toEqual([0, []]);
    end();
    await reading;
    expect(await finishProjections(other, "orders")).toBe(false);
    expect(await count(made)).toBe(1);
    await other.query("update rollcall_orders.order_list_v2 set amount = 12345 where order_id = 'o0000'");
    expect(await count("public.report where amount = 12345")).toBe(1);
    await other.query("update rollcall.projection_table set left_at = left_at - interval '61 seconds'");
    expect(await finishProjections(other, "orders")).toBe(true);
    await other.query("drop view public.report");
    await reader.close();
  });
});
