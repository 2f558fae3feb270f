import { afterAll, beforeAll, expect, it } from "vitest";
import { JournalTail } from "../../app/http/events/journal-tail.ts";
import { PgliteNotices } from "../../runtime/adapters/pglite/pglite-notices.ts";
import type { PgliteStore } from "../../runtime/adapters/pglite/pglite-store.ts";
import { JournalReader } from "../../runtime/shell/follow/journal-reader.ts";
import type { TurnRow } from "../../runtime/stored/read-lines.ts";
import { openInitializedStore } from "../initialized-store.ts";
import { ManualClock } from "../manual-clock.ts";
import { emptyTables, until } from "../shell/orders.ts";
import { AT, eventLine } from "../stored/lines.ts";
import { DOMAIN, writeTurn } from "../stored/written-lines.ts";

/** More than wait for followers at most. */
const TURNS = 100;
const LENGTH = 100_000;

let store: PgliteStore;
beforeAll(async () => {
  store = await openInitializedStore();
  await emptyTables(store);
});
afterAll(() => store.close());

it("turns that come faster than followers take them are read again, each once and in order", async () => {
  const clock = new ManualClock();
  const reader = new JournalReader({ domain: DOMAIN, store, clock, notices: new PgliteNotices() });
  const tail = new JournalTail({ store, clock, domain: { name: DOMAIN }, following: { reader } } as never);
  await store.query(
    `insert into rollcall.partition_owner
       (domain, partition, epoch, owner, next_seq, published_seq, pending_seq, served_at)
     values ($1, 0, 1, 'me', $2, 0, 0, now())`,
    [DOMAIN, TURNS + 1],
  );
  for (let seq = 1; seq <= TURNS; seq++)
    await writeTurn(store, { at: AT, seq }, [eventLine("e", `event-${seq}`, { filler: "x".repeat(LENGTH) })]);
  const rows = await store.query<TurnRow>(
    `select partition, seq, last_seq, at, contract_hash, lines from rollcall.turn order by seq`,
  );
  const seen: number[] = [];
  tail.follow([0], { onEvents: (events) => void seen.push(...events.map(({ seq }) => seq)), onDamage: () => {} });
  await clock.advance(10);
  for (const row of rows)
    reader.passOn({
      kind: "committed",
      partitions: [{ partition: 0, lastLine: row.last_seq, rows: [row], positions: new Map() }],
      entities: new Map(),
    });
  await until(async () => {
    await clock.advance(50);
    return seen.length >= TURNS;
  });
  await clock.advance(1_000);
  expect(seen).toEqual(Array.from({ length: TURNS }, (_, nth) => nth + 1));
  tail.close();
  reader.close();
});
