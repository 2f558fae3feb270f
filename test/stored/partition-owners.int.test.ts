import { afterAll, beforeAll, expect, it } from "vitest";
import { readPartitionServices } from "../../runtime/stored/partition-owners.ts";
import type { PgliteStore } from "../../runtime/adapters/pglite/pglite-store.ts";
import { openInitializedStore } from "../initialized-store.ts";
import { emptyTables } from "../shell/orders.ts";

let store: PgliteStore;
beforeAll(async () => {
  store = await openInitializedStore();
  await emptyTables(store);
});
afterAll(() => store.close());

it("a partition is served when its owner recorded so within the last 5 s", async () => {
  const rows = [
    ["books", 0, "host:1:a", 0],
    ["books", 1, "", 0],
    ["books", 2, "host:1:a", 9],
    ["tools", 3, "host:1:b", 0],
  ] as const;
  for (const row of rows)
    await store.query(
      `insert into rollcall.partition_owner (domain, partition, epoch, owner, next_seq, published_seq, pending_seq,
         served_at)
       values ($1, $2, 1, $3, 8, 7, 8, clock_timestamp() - make_interval(secs => $4::float8))`,
      row,
    );
  expect(await readPartitionServices(store, "books")).toMatchObject([
    { partition: 0, isServed: true },
    { partition: 1, isServed: false },
    { partition: 2, isServed: false },
  ]);
});
