import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { PostgresStore } from "../../runtime/adapters/postgres/postgres-store.ts";
import { ensureDayPartitions } from "../../runtime/adapters/sql/migrate.ts";
import { dropJournalDay, journalDays } from "../../runtime/stored/journal-days.ts";
import { describeReal } from "../real/services/describe-real.ts";
import { freshDatabase, type FreshDatabase } from "../real/services/fresh-database.ts";
import { emptyTables } from "../shell/orders.ts";
import { stepLine } from "../stored/lines.ts";
import { writeTurn } from "../stored/written-lines.ts";

const [OLD, NEW] = ["2026-03-28", "2026-03-29"] as const;

describeReal("a day of the journal, on Postgres", ({ database: databaseUrl }) => {
  let database: FreshDatabase;
  let store: PostgresStore;
  beforeAll(async () => {
    database = await freshDatabase(databaseUrl);
    store = new PostgresStore({ url: database.url });
    await emptyTables(store);
    await ensureDayPartitions(store, [OLD, NEW]);
    await writeTurn(store, { at: `${OLD}T12:00:00Z`, seq: 1 }, [stepLine("a", "a1")]);
  });
  afterAll(async () => {
    await store.close();
    await database.drop();
  });

  it("is not waited for while someone reads the journal: turns go on, and it is dropped at a later try", async () => {
    const reader = new Client({ connectionString: database.url });
    await reader.connect();
    await reader.query("begin");
    await reader.query("select count(*) from rollcall.turn");
    const dropping = dropJournalDay(store, OLD);
    // Waits behind the drop, and no longer than that does.
    const writing = writeTurn(store, { at: `${NEW}T12:00:00Z`, seq: 2 }, [stepLine("a", "a2")]);
    expect(await dropping).toBe(false);
    expect(await writing).toBe(3);
    expect(await journalDays(store)).toEqual([OLD, NEW]);
    await reader.query("commit");
    await reader.end();
    expect(await dropJournalDay(store, OLD)).toBe(true);
    expect(await journalDays(store)).toEqual([NEW]);
    expect(await store.query("select seq from rollcall.turn")).toEqual([{ seq: 2 }]);
  });

  it("is dropped by a later one when the process ended before it could", async () => {
    await ensureDayPartitions(store, [OLD]);
    await store.query("select rollcall.detach_turn_day($1::text::date)", [OLD]);
    const left = () => store.query(`select to_regclass('rollcall.dropped_turn_20260328') is not null as "isThere"`);
    expect(await left()).toEqual([{ isThere: true }]);
    await dropJournalDay(store, "2026-03-27");
    expect(await left()).toEqual([{ isThere: false }]);
  });
});
