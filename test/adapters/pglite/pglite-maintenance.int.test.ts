import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PgliteStore } from "../../../runtime/adapters/pglite/pglite-store.ts";
import { PgliteMaintenance } from "../../../runtime/adapters/pglite/pglite-maintenance.ts";
import { openInitializedStore } from "../../initialized-store.ts";

describe("PgliteMaintenance", () => {
  let store: PgliteStore;
  beforeAll(async () => {
    store = await openInitializedStore();
    await store.query(`create table "Worn out" (id int, at int, text text)`);
    await store.query(`create index on "Worn out" (at)`);
    await store.query(`insert into "Worn out" select n, 0, repeat('x', 200) from generate_series(1, 1000) n`);
  });
  afterAll(() => store.close());

  const wear = async (): Promise<void> => {
    for (let round = 0; round < 30; round += 1) await store.query(`update "Worn out" set at = at + 1`);
  };
  const size = async (): Promise<number> =>
    (await store.query<{ n: number }>(`select pg_total_relation_size('"Worn out"') as n`))[0]?.n ?? 0;
  const walBytes = async (): Promise<number> =>
    (
      await store.query<{ n: number }>(
        "select pg_wal_lsn_diff(pg_current_wal_lsn(), redo_lsn)::int8 as n from pg_control_checkpoint()",
      )
    )[0]?.n ?? 0;
  /** Postgres updates the statistics of dead rows with a delay. */
  const deadRowsAreKnown = () =>
    expect
      .poll(
        async () => {
          const [row] = await store.query<{ n: number }>(
            "select n_dead_tup as n from pg_stat_user_tables where relname = 'Worn out'",
          );
          return row?.n ?? 0;
        },
        { timeout: 20_000, interval: 300 },
      )
      .toBeGreaterThan(1_000);

  it("bounds the log that a crash would replay, and the space of dead rows", async () => {
    const upkeep = new PgliteMaintenance(store, { walBytes: 1_000_000, deadRows: 1_000 });
    await wear();
    expect(await walBytes()).toBeGreaterThan(1_000_000);
    await deadRowsAreKnown();
    await upkeep.runOnce();
    expect(await walBytes()).toBeLessThan(1_000_000);
    const after = await size();
    await wear();
    await deadRowsAreKnown();
    await upkeep.runOnce();
    // The second time the space of the first rows is used again.
    expect(await size()).toBeLessThan(after * 1.3);
  });

  it("does nothing below its thresholds", async () => {
    const statements: string[] = [];
    const upkeep = new PgliteMaintenance({
      query: async <Row>(text: string) => {
        statements.push(text);
        return [] as Row[];
      },
    });
    await upkeep.runOnce();
    expect(statements.every((text) => text.startsWith("select"))).toBe(true);
  });

  it("runs again and again until it is stopped, also after a failure", async () => {
    let rounds = 0;
    const query = (): Promise<never> => {
      rounds += 1;
      return Promise.reject(new Error("closed"));
    };
    const upkeep = new PgliteMaintenance({ query }, { everyMs: 5 });
    upkeep.start();
    await expect.poll(() => rounds).toBeGreaterThan(2);
    upkeep.stop();
    const stopped = rounds;
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(rounds).toBe(stopped);
  });
});
