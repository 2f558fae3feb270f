import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { EmbeddedBroker } from "../../../runtime/adapters/embedded-bus/embedded-broker.ts";
import { PostgresStore } from "../../../runtime/adapters/postgres/postgres-store.ts";
import { SystemClock } from "../../../runtime/adapters/system-clock.ts";
import type { Domain } from "../../../runtime/core/domain.ts";
import type { ProjectionSpec } from "../../../runtime/core/projection.ts";
import type { Filling } from "../../../runtime/shell/projections/entity-rows.ts";
import { rebuildProjection, verifyProjection } from "../../../runtime/shell/projections/verify-projection.ts";
import { prepareProjections } from "../../../runtime/shell/projections/change-projections.ts";
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
const WAITING = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;

const first = (domain: Domain): Domain => ({ ...domain, ...viewsOf() });
const second = (domain: Domain): Domain => ({
  ...domain,
  ...viewsOf(
    [["version: 1\n    row:", "version: 2\n    row:"]],
    viewedCode({ order_row: { ...orderRow, version: 2 } }),
  ),
});

describeReal("a turn whose transaction stays open", (services) => {
  let database: FreshDatabase;
  let store: PostgresStore;
  let other: PostgresStore;
  const turns = new HeldTurns();
  const stops: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    database = await freshDatabase(services.database);
    [store, other] = [new PostgresStore({ url: database.url }), new PostgresStore({ url: database.url })];
  });
  afterEach(async () => {
    turns.release();
    for (const stop of stops.splice(0).reverse()) await stop();
  });
  afterAll(async () => {
    await Promise.all([store.close(), other.close()]);
    await database.drop();
  });

  /** Of the second process. */
  const filling = (domain: Domain): Filling => ({ store: other, domain, clock: new SystemClock() });
  const differences = async (domain: Domain) => {
    const specs = domain.projections.filter(({ kind }) => kind !== "log");
    const found = await Promise.all(specs.map((spec) => verifyProjection(filling(domain), spec)));
    expect(found.map(({ entities }) => entities)).toEqual(specs.map(() => ORDERS));
    return found.flatMap((each) => each.differences);
  };
  const placed = (amountOf: (nth: number) => number) =>
    Array.from({ length: ORDERS }, (_, nth) => ({
      ...{ order_id: `o${String(nth).padStart(4, "0")}`, amount: amountOf(nth) },
    }));
  async function serve(broker: EmbeddedBroker, changed: (domain: Domain) => Domain) {
    await prepareProjections(filling(ordersDomain({ changed })));
    const orders = await startOrders(turns.of(store), { broker, changed, keepsTold: false });
    stops.push(() => orders.runtime.stop());
    return orders;
  }
  const isOpen = (running: { readonly isOver: boolean }) =>
    until(async () => running.isOver || (await other.query(WAITING)).length > 0);
  /** What becomes of a change that waits for the turn: it is done behind it, and not before. */
  async function behindOpenTurn<Result>(begin: () => Promise<unknown>, change: () => Promise<Result>): Promise<Result> {
    turns.hold();
    await begin();
    await until(async () => (await other.query(IN_TRANSACTION)).length > 0);
    const running = { isOver: false };
    const done = change().finally(() => (running.isOver = true));
    await isOpen(running);
    expect(running.isOver).toBe(false);
    turns.release();
    return done;
  }
  const IN_TRANSACTION = `select 1 from pg_stat_activity
    where datname = current_database() and state = 'idle in transaction'`;

  it("is in the rows of a version that is filled, and of one that is rebuilt", { timeout: TEST_MS }, async () => {
    await emptyTables(store);
    const broker = new EmbeddedBroker({ store, clock: new SystemClock() });
    const former = await serve(broker, first);
    await former.publish(
      "place-order",
      placed((nth) => (nth % 5) + 1),
    );
    await until(async () => (await former.stateOf("o1999")) === "TOLD");
    await former.settled();
    expect(await differences(former.domain)).toEqual([]);

    const cancel = (orders: typeof former) => () =>
      orders.publish(
        "cancel-order",
        CHANGED.map((order_id) => ({ order_id })),
      );
    const next = ordersDomain({ changed: second });
    await behindOpenTurn(cancel(former), () => prepareProjections(filling(next)));
    const [spec] = next.projections as readonly [ProjectionSpec];
    const states = async () =>
      (
        await other.query<{ status: string }>(
          `select status from rollcall_orders.order_list where order_id = any($1) order by order_id`,
          [CHANGED],
        )
      ).map(({ status }) => status);
    // Committed before the table was noted as the one in use: nobody else has told it.
    const latter = await serve(broker, second);
    await until(async () => (await latter.stateOf("o1999")) === "ENDED");
    await latter.settled();
    expect(await states()).toEqual(CHANGED.map(() => "ENDED"));
    expect(await differences(latter.domain)).toEqual([]);

    const again = () =>
      latter.publish(
        "place-order",
        CHANGED.map((order_id) => ({ order_id, amount: 9 })),
      );
    expect(await behindOpenTurn(again, () => rebuildProjection(filling(next), spec))).toEqual({
      ...{ entities: ORDERS, faults: 0 },
    });
    await until(async () => (await states()).every((state) => state === "TOLD"));
    await latter.settled();
    expect(await differences(latter.domain)).toEqual([]);
  });
});
