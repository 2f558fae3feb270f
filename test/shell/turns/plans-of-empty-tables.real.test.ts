import { afterAll, beforeAll, expect, it } from "vitest";
import { query } from "../../../bench/postgres-counters.ts";
import { PostgresStore } from "../../../runtime/adapters/postgres/postgres-store.ts";
import { SystemClock } from "../../../runtime/adapters/system-clock.ts";
import type { Domain } from "../../../runtime/core/domain.ts";
import type { ProjectionSpec } from "../../../runtime/core/projection.ts";
import { readRows } from "../../../runtime/stored/projection-rows.ts";
import { prepareProjections } from "../../../runtime/shell/projections/change-projections.ts";
import { viewedCode, viewsOf } from "../../contract/viewed-orders.ts";
import { describeReal } from "../../real/services/describe-real.ts";
import { type FreshDatabase, freshDatabase } from "../../real/services/fresh-database.ts";
import { emptyTables, ordersDomain, startOrders, until } from "../orders.ts";
import { retainedFor } from "../purges/retained.ts";

const TEST_MS = 60_000;
const FEW = 10;
const MANY = 4_000;
const PER_CALL = 200;
const LISTED = 200;
/** They are purged by and by: enough for the statement to have a plan, and to use it among many. */
const PURGED = 500;
const TABLES = ["entity", "entity_data", "intent", "tombstone"];
/** Rows that may be read for each order: it is placed, paid, told and cancelled, and has five rows in a projection. */
const READ_MAX = 60;

const changed = (domain: Domain): Domain => ({ ...retainedFor(1)(domain), ...viewsOf([], viewedCode()) });

/** The tables of a domain with projections, without a row; the server looks at none of them again. */
async function prepareTables(store: PostgresStore): Promise<void> {
  await emptyTables(store);
  await prepareProjections({ store, domain: ordersDomain({ changed }), clock: new SystemClock() });
  const tables = await store.query<{ name: string }>(
    `select oid::regclass::text as name from pg_class
      where relkind = 'r' and relnamespace in ('rollcall'::regnamespace, 'rollcall_orders'::regnamespace)`,
  );
  for (const { name } of tables) await store.query(`alter table ${name} set (autovacuum_enabled = off)`);
}

/**
 * Postgres keeps the plan of a statement, and made it when the tables were empty. What is read then must not grow with
 * what has come to be stored, nor wait for the server's next look at the tables.
 */
describeReal("plans that were made for empty tables", (services) => {
  let database: FreshDatabase;
  let store: PostgresStore;
  const open = (): PostgresStore => (store = new PostgresStore({ url: database.url, maxConnections: 2 }));
  beforeAll(async () => {
    database = await freshDatabase(services.database);
    await prepareTables(open());
    await store.close();
    await query(database.url, "vacuum analyze");
    const { pathname } = new URL(database.url);
    await query(database.url, `alter database ${pathname.slice(1)} set plan_cache_mode to force_generic_plan`);
    open();
  });
  afterAll(async () => {
    await store.close();
    await database.drop();
  });

  /** Sessions that have ended have told the server what they read. */
  const rowsRead = async (): Promise<number> => {
    const names = TABLES.map((table) => `'${table}'`).join();
    const [row] = await query(
      database.url,
      `select sum(seq_tup_read + idx_tup_fetch) as read from pg_stat_user_tables
        where relname in (${names}) or schemaname = 'rollcall_orders'`,
    );
    return Number(row?.["read"]);
  };

  it("do for many rows", { timeout: TEST_MS }, async () => {
    const decided = { orders: 0, purges: 0 };
    const orders = await startOrders(store, {
      changed,
      keepsTold: false,
      observe: (event) => {
        if (event.kind === "decision") decided[event.message.kind === "purge" ? "purges" : "orders"]++;
      },
    });
    const list = ordersDomain({ changed }).projections.find(({ name }) => name === "order_list");
    const listSome = async (count: number): Promise<void> => {
      for await (const piece of readRows(store, list as ProjectionSpec, { where: [], sort: [], limit: LISTED }))
        expect(piece).toHaveLength(Math.min(count, LISTED));
    };
    const liveThrough = async (prefix: string, count: number): Promise<void> => {
      Object.assign(decided, { orders: 0, purges: 0 });
      const ids = Array.from({ length: count }, (_, nth) => `${prefix}-${nth}`);
      // Each call is a few turns, beside ever more orders that are stored.
      for (let first = 0; first < count; first += PER_CALL) {
        await orders.place(ids.slice(first, first + PER_CALL));
        await until(() => decided.orders >= Math.min(count, first + PER_CALL));
        await orders.settled();
      }
      await listSome(count);
      const cancelled = ids.map((order_id) => ({ order_id }));
      await orders.publish("cancel-order", cancelled);
      await until(() => decided.purges >= Math.min(count, PURGED));
    };
    await liveThrough("few", FEW);
    await liveThrough("many", MANY);
    await orders.runtime.stop();
    await store.close();
    const read = (await rowsRead()) / MANY;
    console.info(`${read} rows read for each order`);
    expect(read).toBeLessThan(READ_MAX);
  });
});
