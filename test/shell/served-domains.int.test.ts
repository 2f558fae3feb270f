import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PgliteStore } from "../../runtime/adapters/pglite/pglite-store.ts";
import { claimStore } from "../../runtime/shell/deployment.ts";
import { retireDomain } from "../../runtime/shell/partitions/served-domains.ts";
import { storedDomains, unservedDomains } from "../../runtime/stored/domains.ts";
import { openInitializedStore } from "../initialized-store.ts";
import { emptyTables } from "./orders.ts";

const decision = { who: "ann", reason: "the hall is closed" };

describe("the domains of a store", () => {
  let store: PgliteStore;
  beforeAll(async () => {
    store = await openInitializedStore();
  });
  beforeEach(() => emptyTables(store));
  afterAll(() => store.close());

  const addPartition = (domain: string, partition: number, servedSecondsAgo: number, owner = "host:1:a") =>
    store.query(
      `insert into rollcall.partition_owner
         (domain, partition, epoch, owner, next_seq, published_seq, pending_seq, served_at)
       values ($1, $2, 1, $3, 8, 7, 8, clock_timestamp() - make_interval(secs => $4::float8))
       on conflict (domain, partition) do update set served_at = excluded.served_at`,
      [domain, partition, owner, servedSecondsAgo],
    );
  const addEntity = (domain: string) =>
    store.query(
      `insert into rollcall.entity (domain, entity_id, partition, state, reducer_state, seq, attempt, state_since,
         last_line, last_line_at, updated_at) values ($1, 'e1', 0, 'UP', 'up', 9, '{}', now(), 7, now(), now())`,
      [domain],
    );

  it("are unserved when none of their partitions was served for a minute", async () => {
    await addPartition("orders", 0, 3_600);
    await addPartition("orders", 1, 59);
    await addPartition("parcels", 0, 7_200.5);
    await addPartition("parcels", 1, 3_600.5);
    await addPartition("trips", 0, 2, "");
    expect(await unservedDomains(store)).toEqual([{ domain: "parcels", partitions: 2, secondsAgo: 3_600 }]);
  });

  it("are listed with who serves them, and what they have", async () => {
    const consumerGroups = { orders: "rollcall.dev.orders" };
    await claimStore(store, { env: "dev", namespace: "", clusterId: null, consumerGroups });
    await addPartition("orders", 0, 1, "host:1:a");
    await addPartition("orders", 1, 1, "host:2:b");
    await addPartition("orders", 2, 90, "host:3:c");
    await addPartition("parcels", 0, 3_600);
    await addEntity("parcels");
    const served = { consumerGroup: "rollcall.dev.orders", status: "served", partitions: 3, entities: 0 };
    expect(await storedDomains(store)).toMatchObject([
      { domain: "orders", ...served, owners: ["host:1:a", "host:2:b"] },
      { domain: "parcels", consumerGroup: null, status: "unserved", partitions: 1, owners: [], entities: 1 },
    ]);
  });

  it("may be retired, by a decision that is kept, and lose nothing by it", async () => {
    await addPartition("parcels", 0, 3_600);
    await addEntity("parcels");
    const stored = () => store.query(`select * from rollcall.partition_owner, rollcall.entity`);
    const before = await stored();
    expect(await retireDomain(store, "parcels", decision)).toEqual({ entities: 1, intents: 0, deadLetters: 0 });
    expect(await unservedDomains(store)).toEqual([]);
    expect(await storedDomains(store)).toMatchObject([{ domain: "parcels", status: "retired" }]);
    expect(await stored()).toEqual(before);
    expect(await store.query(`select domain, command, subject, who, reason from rollcall.operator_decision`)).toEqual([
      { domain: "parcels", command: "domains retire", subject: "parcels", ...decision },
    ]);
  });

  it("are no longer retired when they were served again", async () => {
    await addPartition("parcels", 0, 3_600);
    await retireDomain(store, "parcels", decision);
    await addPartition("parcels", 0, 0);
    expect(await storedDomains(store)).toMatchObject([{ domain: "parcels", status: "served" }]);
    // A minute later it is a trouble again.
    await store.query(`update rollcall.partition_owner set served_at = served_at - interval '61 seconds'`);
    await store.query(`update rollcall.domain set retired_at = retired_at - interval '61 seconds'`);
    expect(await unservedDomains(store)).toMatchObject([{ domain: "parcels", secondsAgo: 61 }]);
  });

  it("are not retired while they are served, or unknown", async () => {
    await addPartition("parcels", 0, 59);
    await addPartition("orders", 0, 3_600);
    const refused = retireDomain(store, "parcels", decision);
    await expect(refused).rejects.toMatchObject({ code: "STILL_SERVED", retryable: false });
    await expect(retireDomain(store, "parcel", decision)).rejects.toThrow(/no domain parcel: rollcall domains/);
    expect(await store.query(`select * from rollcall.operator_decision`)).toEqual([]);
    await retireDomain(store, "orders", decision);
  });
});
