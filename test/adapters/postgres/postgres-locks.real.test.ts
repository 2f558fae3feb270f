import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { PostgresLocks } from "../../../runtime/adapters/postgres/postgres-locks.ts";
import { PostgresStore } from "../../../runtime/adapters/postgres/postgres-store.ts";
import { describeReal } from "../../real/services/describe-real.ts";
import { freshDatabase, type FreshDatabase } from "../../real/services/fresh-database.ts";
import { startTcpProxy, type TcpProxy } from "../../real/services/tcp-proxy.ts";
import { until } from "../../shell/orders.ts";
import { describeLocks } from "../sql/locks-conformance.ts";

describeReal("PostgresLocks", (services) => {
  let database: FreshDatabase;
  let observer: PostgresStore;
  let proxy: TcpProxy;
  let one: PostgresLocks;
  let other: PostgresLocks;
  beforeAll(async () => {
    database = await freshDatabase(services.database);
    observer = new PostgresStore({ url: database.url });
    proxy = await startTcpProxy(Number(new URL(database.url).port));
  });
  afterAll(async () => {
    await observer.close();
    await proxy.close();
    await database.drop();
  });
  describeLocks("PostgresLocks", () => new PostgresLocks(database.url));

  beforeEach(() => {
    const url = new URL(database.url);
    url.host = `127.0.0.1:${proxy.port}`;
    one = new PostgresLocks(url.href);
    other = new PostgresLocks(database.url);
  });
  afterEach(() => Promise.all([one.close(), other.close()]));
  const held = async (locks: PostgresLocks, ...names: string[]): Promise<string[]> => [...(await locks.hold(names))];
  const sessions = async () =>
    observer.query<{ pid: number; state: string; backend_xmin: unknown }>(
      "select pid, state, backend_xmin from pg_stat_activity where application_name = 'rollcall locks' order by 1",
    );

  it("give each name to one at a time", async () => {
    expect(await held(one, "a")).toEqual(["a"]);
    expect(await held(other, "a", "b")).toEqual(["b"]);
    await one.close();
    await until(async () => (await held(other, "a", "b")).length === 2);
  });

  it("are of a transaction that keeps nothing from vacuum", async () => {
    await held(one, "a");
    expect(await sessions()).toEqual([expect.objectContaining({ state: "idle in transaction", backend_xmin: null })]);
  });

  it("say so when the connection broke, and take what is free anew", async () => {
    await held(one, "a");
    proxy.cut();
    await expect(held(one, "a")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", retryable: true });
    await until(async () => (await held(other, "a")).length === 1);
    proxy.restore();
    expect(await held(one, "a", "b")).toEqual(["b"]);
  });

  it("are lost when the server ends the session", async () => {
    await held(one, "a");
    await observer.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'rollcall locks'",
    );
    await until(async () => (await sessions()).length === 0);
    expect(await held(other, "a")).toEqual(["a"]);
    // The broken connection may or may not have been noticed.
    expect(await held(one, "a").catch((error: unknown) => error)).toSatisfy(
      (result) => (Array.isArray(result) && result.length === 0) || (result as { code: string }).code !== undefined,
    );
  });
});
