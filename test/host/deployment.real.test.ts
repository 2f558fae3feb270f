import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { MIGRATIONS } from "../../app/host/open-shared.ts";
import { PostgresStore } from "../../runtime/adapters/postgres/postgres-store.ts";
import { migrate } from "../../runtime/adapters/sql/migrate.ts";
import type { Fault } from "../../runtime/core/fault.ts";
import { claimStore } from "../../runtime/shell/deployment.ts";
import { type Program, startProgram } from "../blackbox/program.ts";
import { describeReal } from "../real/services/describe-real.ts";
import { freshDatabase, type FreshDatabase } from "../real/services/fresh-database.ts";
import { freshNamespace } from "../real/services/fresh-namespace.ts";
import { environmentOf } from "../real/services/service-addresses.ts";
import { rollcall } from "../security/rollcall.ts";

describeReal("the store of a deployment on Kafka and Postgres", (services) => {
  let database: FreshDatabase;
  let environment: Record<string, string>;
  let program: Program;
  const namespace = freshNamespace();
  beforeAll(async () => {
    database = await freshDatabase(services.database);
    const own = { ROLLCALL_NAMESPACE: namespace, ROLLCALL_PARTITIONS: "2", DATABASE_URL: database.url };
    environment = { ...environmentOf(services), ...own, ROLLCALL_HTTP_PORT: "0" };
    program = await startProgram({ environment });
  });
  afterAll(async () => {
    await program?.stop();
    await database?.drop();
  });

  const command = (text: string, more: Readonly<Record<string, string>> = {}) =>
    rollcall(text, { ...environment, ...more });
  async function query(sql: string): Promise<unknown[]> {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    try {
      return (await client.query(sql)).rows as unknown[];
    } finally {
      await client.end();
    }
  }
  const clusterId = async () =>
    ((await query("select cluster_id from rollcall.deployment")) as [{ cluster_id: string | null }])[0].cluster_id;

  it("remembers Kafka's cluster and the consumer group, and refuses another of each", async () => {
    expect(await clusterId()).toMatch(/^\S{10,}$/);
    const group = `rollcall.dev.${namespace}.registration`;
    expect(await query("select name, consumer_group from rollcall.domain")).toEqual([
      { name: "registration", consumer_group: group },
    ]);
    const refused = await command("start", { KAFKA_GROUP_ID: "nodes.{domain}" });
    expect(refused.code).toBe(1);
    expect(refused.err).toContain(`the consumer group of registration is ${group} there, nodes.registration here`);
    expect(refused.err).toMatch(/registration was served \d+ s ago, by .* stop every process on it/);
    expect((await command("domains")).out).toMatch(new RegExp(`registration +served +2 +0 .*${group}`));
  });

  it("is that of one of several processes that start at once on an empty one", async () => {
    const empty = await freshDatabase(services.database);
    const stores = ["a", "b", "c", "d"].map((env) => ({ env, store: new PostgresStore({ url: empty.url }) }));
    try {
      await migrate((stores[0] as (typeof stores)[number]).store, MIGRATIONS);
      const claims = stores.map(({ env, store }) =>
        claimStore(store, { env, namespace: "", clusterId: "one", consumerGroups: { [`of_${env}`]: env } }),
      );
      const settled = await Promise.allSettled(claims);
      const refusals = settled.flatMap((result) => (result.status === "rejected" ? [result.reason as Fault] : []));
      expect(refusals.map(({ code }) => code)).toEqual(Array(3).fill("DEPLOYMENT_DIFFERS"));
      const winner = stores[settled.findIndex(({ status }) => status === "fulfilled")];
      const remembered = await winner?.store.query(
        `select env, name, consumer_group from rollcall.deployment, rollcall.domain`,
      );
      expect(remembered).toEqual([{ env: winner?.env, name: `of_${winner?.env}`, consumer_group: winner?.env }]);
    } finally {
      await Promise.all(stores.map(({ store }) => store.close()));
      await empty.drop();
    }
  });

  it("is not moved while it is served, and afterwards to another cluster only when that is said", async () => {
    const stillServed = { code: 1, err: expect.stringContaining("registration was served") as string };
    expect(await command("store move --env test")).toMatchObject(stillServed);
    await program.stop();
    expect(await command("store move --env test")).toMatchObject(stillServed);
    await query(`update rollcall.partition_owner set served_at = served_at - interval '61 seconds'`);
    const own = await clusterId();
    // As if the cluster had been replaced.
    await query(`update rollcall.deployment set cluster_id = 'former'`);
    expect(await command("start")).toMatchObject({
      code: 1,
      err: expect.stringMatching(/Kafka's cluster is former there, .* here; nothing is served there/) as string,
    });
    expect(await command("store move --env dev")).toMatchObject({
      code: 1,
      err: expect.stringContaining("--new-cluster") as string,
    });
    expect(await command("store move --env dev --new-cluster --group registration=mine")).toMatchObject({ code: 0 });
    expect(await clusterId()).toBe(own);
    program = await startProgram({ environment: { ...environment, KAFKA_GROUP_ID: "mine" } });
  });
});
