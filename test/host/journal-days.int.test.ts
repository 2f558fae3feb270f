import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { JournalDays } from "../../app/host/journal-days.ts";
import type { PgliteStore } from "../../runtime/adapters/pglite/pglite-store.ts";
import { ensureDayPartitions } from "../../runtime/adapters/sql/migrate.ts";
import { Fault } from "../../runtime/core/fault.ts";
import type { Store } from "../../runtime/ports/store.ts";
import { firstDayAfterDropped, journalDays } from "../../runtime/stored/journal-days.ts";
import { openInitializedStore } from "../initialized-store.ts";
import { ManualClock } from "../manual-clock.ts";
import { emptyTables } from "../shell/orders.ts";
import { stepLine } from "../stored/lines.ts";
import { DOMAIN, writeTurn } from "../stored/written-lines.ts";
import { wrapped } from "../wrapped.ts";

const DAY_MS = 86_400_000;
const DAYS = ["2026-03-26", "2026-03-27", "2026-03-28", "2026-03-29"] as const;
const NOW = Date.parse("2026-03-29T06:00:00Z");

let store: PgliteStore;
beforeAll(async () => {
  store = await openInitializedStore();
});
afterAll(() => store.close());

/** Three lines a day in partition 0; in partition 1 two lines on the second day. All of them are done with. */
beforeEach(async () => {
  await emptyTables(store);
  await ensureDayPartitions(store, DAYS);
  for (const [index, day] of DAYS.entries())
    await writeTurn(
      store,
      { at: `${day}T12:00:00Z`, seq: 1 + 3 * index },
      ["a", "b", "c"].map((id) => stepLine(id, id)),
    );
  await writeTurn(store, { partition: 1, at: `${DAYS[1]}T12:00:00Z`, seq: 1 }, [
    stepLine("d", "d"),
    stepLine("e", "e"),
  ]);
  await own(0, 13);
  await own(1, 3);
});

const own = (partition: number, next: number) =>
  store.query(
    `insert into rollcall.partition_owner (domain, partition, epoch, owner, next_seq, published_seq, pending_seq,
       served_at) values ($1, $2, 1, 'me', $3::bigint, $3::bigint - 1, $3::bigint, now())`,
    [DOMAIN, partition, next],
  );
const setCursor = (partition: number, column: "published_seq" | "pending_seq", seq: number) =>
  store.query(`update rollcall.partition_owner set ${column} = $2 where partition = $1`, [partition, seq]);
const clockAt = (nowMs: number): ManualClock => Object.assign(new ManualClock(), { wallAtMs: nowMs });
const keeping = (days: number) => new JournalDays(store, clockAt(NOW), days * DAY_MS);
/** Without those ahead. */
const days = async () => (await journalDays(store)).filter((day) => day <= DAYS[3]);

describe("the days of the journal", () => {
  it("are dropped when they have been over for as long as they are kept, and say that they were", async () => {
    const kept = keeping(1);
    await kept.run(NOW);
    expect(await days()).toEqual(DAYS.slice(2));
    expect(kept.kept).toBeUndefined();
    expect(await store.query(`select count(*)::int as count from rollcall.turn`)).toEqual([{ count: 2 }]);
    expect(await firstDayAfterDropped(store, DOMAIN)).toBe(DAYS[2]);
    await kept.run(NOW);
    expect(await days()).toEqual(DAYS.slice(2));
  });

  it("are missed by whoever has not read all that was dropped, and by nobody else", async () => {
    await keeping(1).run(NOW);
    const missed = (...position: readonly number[]) => firstDayAfterDropped(store, DOMAIN, position);
    // Of partition 0 line 7 is the first that is left, of partition 1 none is.
    expect(await missed(6, 2)).toBeUndefined();
    expect(await missed(7, 2)).toBeUndefined();
    expect(await missed(12, 2)).toBeUndefined();
    expect(await missed(5, 2)).toBe(DAYS[2]);
    expect(await missed(12, 1)).toBe(DAYS[2]);
    expect(await missed(12, 0)).toBe(DAYS[2]);
    await store.query("delete from rollcall.turn");
    expect(await missed(12, 2)).toBeUndefined();
    const [today] = await store.query<{ day: string }>("select to_char(now() at time zone 'UTC', 'YYYY-MM-DD') as day");
    expect(await missed(11, 2)).toBe(today?.day);
  });

  it("are there before they begin, also where none is ever dropped", async () => {
    await new JournalDays(store, clockAt(NOW), undefined).run(NOW);
    expect(await journalDays(store)).toEqual([...DAYS, "2026-03-30", "2026-03-31"]);
  });

  it("begin where the journal began, if none was dropped", async () => {
    await keeping(30).run(NOW);
    expect(await days()).toEqual(DAYS);
    expect(await firstDayAfterDropped(store, DOMAIN)).toBeUndefined();
  });

  it.each([
    ["something to publish", "published_seq", 4, "partition 0 of toy has to publish from line 5 on"],
    ["an intent to carry out", "pending_seq", 6, "partition 0 of toy has to end the intent of 6 on"],
  ] as const)("stay as long as a partition has %s of them, and those behind them too", async (_, column, seq, why) => {
    await setCursor(0, column, seq);
    const kept = keeping(1);
    await kept.run(NOW);
    expect(await days()).toEqual(DAYS.slice(1));
    expect(kept.kept).toEqual({ day: DAYS[1], reason: why });
    await setCursor(0, column, column === "published_seq" ? 6 : 7);
    await kept.run(NOW);
    expect(await days()).toEqual(DAYS.slice(2));
    expect(kept.kept).toBeUndefined();
  });

  it("go with the rows of a day that has no partition of its own", async () => {
    await writeTurn(store, { partition: 2, at: "2026-03-20T12:00:00Z", seq: 1 }, [stepLine("f", "f")]);
    await own(2, 2);
    await keeping(2).run(NOW);
    expect(await store.query(`select 1 from rollcall.turn where partition = 2`)).toEqual([]);
  });

  it("are tried again while a turn holds the table, and then said to be kept", async () => {
    let held = 3;
    const locked = wrapped<Store>(store, {
      query: (text, values) =>
        text.includes("detach_turn_day") && held-- > 0
          ? Promise.reject(new Fault("STORE_UNAVAILABLE", "lock timeout", { retryable: true }))
          : store.query(text, values),
    });
    const run = async (keepDays: number) => {
      const clock = clockAt(NOW);
      const kept = new JournalDays(locked, clock, keepDays * DAY_MS);
      let isDone = false;
      const running = kept.run(NOW).finally(() => (isDone = true));
      while (!isDone) {
        await new Promise((resolve) => setImmediate(resolve));
        await clock.advance(1_000);
      }
      await running;
      return kept.kept;
    };
    expect(await run(2)).toBeUndefined();
    expect(await days()).toEqual(DAYS.slice(1));
    held = 1_000;
    expect(await run(1)).toMatchObject({ day: DAYS[1], reason: expect.stringContaining("was locked") });
    expect(await days()).toEqual(DAYS.slice(1));
  });
});
