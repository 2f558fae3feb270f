import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PgliteStore } from "../../runtime/adapters/pglite/pglite-store.ts";
import type { Store } from "../../runtime/ports/store.ts";
import { assertDeployment, claimStore, type Deployment, moveStore } from "../../runtime/shell/deployment.ts";
import { openInitializedStore } from "../initialized-store.ts";
import { wrapped } from "../wrapped.ts";
import { emptyTables, startOrders, until } from "./orders.ts";

const own: Deployment = {
  env: "prod",
  namespace: "eu",
  clusterId: "cluster-1",
  consumerGroups: { orders: "rollcall.prod.eu.orders" },
};
const move = { env: "prod", namespace: undefined, clusterId: "cluster-1", isNewCluster: false, consumerGroups: {} };
const differs = { code: "DEPLOYMENT_DIFFERS", retryable: false };

describe("what the store remembers of its deployment", () => {
  let store: PgliteStore;
  let running: Awaited<ReturnType<typeof startOrders>> | undefined;
  /** As PGlite, but as if other processes could have it open. */
  let shared: Store;
  beforeAll(async () => {
    store = await openInitializedStore();
    shared = wrapped<Store>(store, { kind: "postgres" });
  });
  beforeEach(() => emptyTables(store));
  afterEach(async () => {
    await running?.runtime.stop();
    running = undefined;
  });
  afterAll(() => store.close());

  const remembered = async () => {
    const [row] = await store.query(`select env, namespace, cluster_id from rollcall.deployment`);
    const domains = await store.query<{ name: string; consumer_group: string | null }>(
      `select name, consumer_group from rollcall.domain order by name`,
    );
    return { ...row, groups: Object.fromEntries(domains.map(({ name, consumer_group }) => [name, consumer_group])) };
  };
  const servePartition = (secondsAgo: number, domain = "orders") =>
    store.query(
      `insert into rollcall.partition_owner
         (domain, partition, epoch, owner, next_seq, published_seq, pending_seq, served_at)
       values ($1, 0, 1, 'host:1:a', 1, 0, 1, clock_timestamp() - make_interval(secs => $2::float8))`,
      [domain, secondsAgo],
    );
  const messageOf = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => "",
      (error: unknown) => (error as Error).message,
    );

  it("is what the first start was configured with, and later ones of the same are let in", async () => {
    await claimStore(store, own);
    await claimStore(store, own);
    const first = { env: "prod", namespace: "eu", cluster_id: "cluster-1" };
    expect(await remembered()).toEqual({ ...first, groups: own.consumerGroups });
    await claimStore(store, { ...own, consumerGroups: { parcels: "rollcall.prod.eu.parcels" } });
    expect(await remembered()).toMatchObject({
      groups: { ...own.consumerGroups, parcels: "rollcall.prod.eu.parcels" },
    });
  });

  it("is that of one of several that start at once, and the others are refused", async () => {
    const others = ["a", "b", "c"].map((env) => claimStore(store, { ...own, env }));
    const settled = await Promise.allSettled(others);
    expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const result of settled) if (result.status === "rejected") expect(result.reason).toMatchObject(differs);
  });

  it.each([
    [{ env: "dev" }, /ROLLCALL_ENV is prod there, dev here; .*`rollcall store move --env dev`$/],
    [{ namespace: "" }, /ROLLCALL_NAMESPACE is eu there, "" here; .*`rollcall store move --env prod --namespace ""`$/],
    [
      { clusterId: "cluster-2" },
      /Kafka's cluster is cluster-1 there, cluster-2 here; .*`rollcall store move --env prod --new-cluster`$/,
    ],
    [{ clusterId: null }, /Kafka's cluster is cluster-1 there, none here/],
    [
      { consumerGroups: { orders: "mine" } },
      /group of orders is rollcall\.prod\.eu\.orders there, mine here; .*move --env prod --group orders=mine`$/,
    ],
  ])("refuses %j by name, with the remedy, and stays as it is", async (change, text) => {
    await claimStore(store, own);
    const before = await remembered();
    const refused = claimStore(store, { ...own, ...change });
    await expect(refused).rejects.toMatchObject(differs);
    await expect(refused).rejects.toThrow(text);
    expect(await remembered()).toEqual(before);
  });

  it("does not name groups that differ because the environment does", async () => {
    await claimStore(store, own);
    const dev = { ...own, env: "dev", consumerGroups: { orders: "rollcall.dev.eu.orders" } };
    expect(await messageOf(claimStore(store, dev))).not.toContain("group");
  });

  it("refuses one group for two domains, also of two processes", async () => {
    await claimStore(store, { ...own, consumerGroups: { orders: "all" } });
    const refused = claimStore(store, { ...own, consumerGroups: { parcels: "all" } });
    await expect(refused).rejects.toThrow(/all is the one of the domain orders.*set KAFKA_GROUP_ID=all\.\{domain\}/);
    expect(await remembered()).toMatchObject({ groups: { orders: "all" } });
  });

  it("says who serves it, and that this has to stop", async () => {
    await claimStore(store, own);
    await servePartition(59);
    const text = /orders was served (59|60) s ago, by host:1:a\. .* stop every process on it and run/;
    await expect(claimStore(store, { ...own, env: "dev" })).rejects.toThrow(text);
    await store.query(`update rollcall.partition_owner set served_at = served_at - interval '2 seconds'`);
    await expect(claimStore(store, { ...own, env: "dev" })).rejects.toThrow(/nothing is served there/);
  });

  it("adds the id of a cluster that had none", async () => {
    await claimStore(store, { ...own, clusterId: null });
    await claimStore(store, { ...own, clusterId: null });
    await claimStore(store, own);
    await expect(claimStore(store, { ...own, clusterId: "cluster-2" })).rejects.toMatchObject(differs);
  });

  it("needs neither cluster nor groups in the embedded mode", async () => {
    const embedded = { ...own, clusterId: null, consumerGroups: { orders: null, parcels: null } };
    await claimStore(store, embedded);
    await claimStore(store, embedded);
    await expect(claimStore(store, { ...embedded, namespace: "us" })).rejects.toThrow(/is eu there, us here/);
  });

  describe("is moved", () => {
    it("to another environment, whose next start decides on the groups", async () => {
      await claimStore(store, own);
      const dev = { ...own, env: "dev", consumerGroups: { orders: "rollcall.dev.eu.orders" } };
      expect(await moveStore(shared, { ...move, env: "dev" })).toEqual({
        deployment: { ...own, env: "dev", consumerGroups: { orders: null } },
        deletedOffsets: 0,
      });
      await claimStore(store, dev);
      expect(await remembered()).toMatchObject({ env: "dev", namespace: "eu", groups: dev.consumerGroups });
      await expect(claimStore(store, own)).rejects.toMatchObject(differs);
    });

    it("with a namespace and groups that are given", async () => {
      await claimStore(store, own);
      await moveStore(shared, { ...move, namespace: "", consumerGroups: { orders: "mine" } });
      expect(await remembered()).toMatchObject({ namespace: "", groups: { orders: "mine" } });
      const unknown = moveStore(shared, { ...move, consumerGroups: { order: "mine" } });
      await expect(unknown).rejects.toThrow("--group order: the store has no such domain, but orders");
    });

    it("not while anything is served, but at once where no other process can have it open", async () => {
      await claimStore(store, own);
      await servePartition(59, "parcels");
      const refused = moveStore(shared, { ...move, env: "dev" });
      await expect(refused).rejects.toMatchObject({ code: "STILL_SERVED", retryable: false });
      await expect(refused).rejects.toThrow(/^parcels was served/);
      expect(await remembered()).toMatchObject({ env: "prod" });
      await moveStore(store, { ...move, env: "dev" });
      expect(await remembered()).toMatchObject({ env: "dev" });
    });

    it("to another cluster only when that is said, and then the offsets of the former are deleted", async () => {
      await claimStore(store, own);
      await store.query(`insert into rollcall.source_offset (domain, topic, partition, next_offset)
        values ('orders', 't', 0, 7), ('orders', 't', 1, 9)`);
      const other = { ...move, clusterId: "cluster-2" };
      await expect(moveStore(shared, other)).rejects.toThrow(
        /cluster is cluster-1 .* names cluster-2: .*--new-cluster/,
      );
      expect(await moveStore(shared, { ...move, isNewCluster: true })).toMatchObject({ deletedOffsets: 0 });
      expect(await moveStore(shared, { ...other, isNewCluster: true })).toMatchObject({ deletedOffsets: 2 });
      expect(await store.query(`select * from rollcall.source_offset`)).toEqual([]);
      await claimStore(store, { ...own, clusterId: "cluster-2" });
    });

    it("and a process that was started before takes nothing over any more", async () => {
      const deployment = { ...own, consumerGroups: { orders: "g" } };
      await claimStore(store, deployment);
      running = await startOrders(store, { confirmTakeover: (tx) => assertDeployment(tx, deployment) });
      const { runtime, fatal, bus } = running;
      await moveStore(store, { ...move, env: "dev" });
      bus.requestReassignment();
      await until(() => fatal.length > 0);
      expect(fatal[0]).toMatchObject(differs);
      expect(runtime.status().owned).toEqual([]);
    });
  });
});
