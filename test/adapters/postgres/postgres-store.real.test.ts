import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { migrate } from "../../../runtime/adapters/sql/migrate.ts";
import { PostgresStore, type PostgresStoreOptions } from "../../../runtime/adapters/postgres/postgres-store.ts";
import { describeReal } from "../../real/services/describe-real.ts";
import { freshDatabase, type FreshDatabase } from "../../real/services/fresh-database.ts";
import { startTcpProxy, type TcpProxy } from "../../real/services/tcp-proxy.ts";
import { rollcall } from "../../security/rollcall.ts";
import { describeMigrations } from "../sql/migration-conformance.ts";
import { describeStore } from "../sql/store-conformance.ts";

describeReal("PostgresStore", (services) => {
  let database: FreshDatabase;
  beforeAll(async () => {
    database = await freshDatabase(services.database);
  });
  afterAll(() => database.drop());

  const direct = async (): Promise<PostgresStore> => new PostgresStore({ url: database.url });
  describeStore("PostgresStore", { open: direct });
  describeMigrations("PostgresStore", direct);

  describe("a database from before the first release", () => {
    let former: FreshDatabase;
    beforeAll(async () => {
      former = await freshDatabase(services.database);
      const store = new PostgresStore({ url: former.url });
      const text = readFileSync(new URL("../fixtures/before-first-release.sql", import.meta.url), "utf8");
      await store.transaction((tx) => store.script(tx, text)).finally(() => store.close());
    });
    afterAll(() => former.drop());

    it.each(["start", "migrate", "replay --verify", "offsets reset"])("is refused by rollcall %s", async (command) => {
      const environment = { DATABASE_URL: former.url, KAFKA_BOOTSTRAP_SERVERS: "127.0.0.1:9" };
      const { code, err } = await rollcall(command, environment);
      expect(code).toBe(1);
      expect(err).toMatch(/runtime\/0001_runtime\.sql.*DATABASE_URL.*drop schema rollcall cascade/);
    });
  });

  describe("PostgresStore and a server that fails", () => {
    let proxy: TcpProxy;
    let observer: PostgresStore;
    const stores: PostgresStore[] = [];
    const lost: Error[] = [];
    const connect = (options: Partial<PostgresStoreOptions> = {}): PostgresStore => {
      const url = new URL(database.url);
      const port = String(proxy.port);
      url.host = `127.0.0.1:${port}`;
      const store = new PostgresStore({ url: url.href, onConnectionLost: (error) => lost.push(error), ...options });
      stores.push(store);
      return store;
    };

    beforeEach(async () => {
      proxy = await startTcpProxy(Number(new URL(database.url).port));
      observer = await direct();
      await observer.query("create table if not exists public.row (id int primary key)");
      await observer.query("truncate public.row");
      lost.length = 0;
    });
    afterEach(async () => {
      await Promise.all([...stores.splice(0), observer].map((store) => store.close()));
      await proxy.close();
    });

    const isCommit = (request: Buffer): boolean => request.includes("commit\0");
    const insert = (store: PostgresStore, id: number): Promise<void> =>
      store.transaction(async (tx) => void (await tx.query("insert into public.row values ($1)", [id])));
    const rows = async (): Promise<unknown[]> =>
      (await observer.query("select id from public.row order by id")).map(({ id }) => id);

    it("reports a commit as unknown when its answer is lost, and can be used afterwards", async () => {
      const store = connect();
      const swallowed = proxy.swallowNextReply(isCommit);
      await expect(insert(store, 1)).rejects.toMatchObject({ code: "COMMIT_UNKNOWN", retryable: true });
      await swallowed;
      // The server did commit, which the client could not know.
      expect(await rows()).toEqual([1]);
      await insert(store, 2);
      expect(await rows()).toEqual([1, 2]);
    });

    it("reports a commit as unknown when the connection breaks after it, whatever was sent with it", async () => {
      const store = connect();
      await store.query("select 1");
      const failed = store.transaction(async (tx) => {
        await tx.query("select 1");
        void proxy.swallowNextReply(isCommit, (reply) => reply.includes("COMMIT\0"));
        for (const id of [1, 2, 3]) void tx.query("insert into public.row values ($1)", [id]);
      });
      await expect(failed).rejects.toMatchObject({ code: "COMMIT_UNKNOWN", retryable: true });
      expect(await rows()).toEqual([1, 2, 3]);
      await insert(store, 4);
    });

    it("reports STORE_UNAVAILABLE, not an unknown commit, when the connection breaks before COMMIT", async () => {
      const store = connect();
      const failed = store.transaction(async (tx) => {
        await tx.query("insert into public.row values (1)");
        proxy.cut();
        await sleep(50);
      });
      await expect(failed).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", retryable: true });
      proxy.restore();
      await insert(store, 2);
      expect(await rows()).toEqual([2]);
    });

    it("reports STORE_UNAVAILABLE for a statement whose answer is lost, and for those sent after it", async () => {
      const store = connect();
      await store.query("select 1");
      const failed = store.transaction(async (tx) => {
        void proxy.swallowNextReply();
        const all = await Promise.allSettled(
          [1, 2, 3].map((id) => tx.query("insert into public.row values ($1)", [id])),
        );
        expect(all.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
        for (const one of all) expect(one).toMatchObject({ reason: { code: "STORE_UNAVAILABLE" } });
        await tx.query("select 1");
      });
      await expect(failed).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      expect(await rows()).toEqual([]);
      await insert(store, 1);
    });

    it("replaces idle connections that broke, and reports them", async () => {
      const store = connect({ applicationName: "rollcall-victim" });
      await Promise.all([1, 2, 3].map(() => store.query("select pg_sleep(0.05)")));
      await observer.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1", [
        "rollcall-victim",
      ]);
      await expect.poll(() => lost.length).toBe(3);
      expect(await store.query("select 1 as one")).toEqual([{ one: 1 }]);
    });

    it("can be used after the server ended sessions during their work", async () => {
      const store = connect({ applicationName: "rollcall-victim" });
      const sleeping = store.query("select pg_sleep(10)");
      const working = store.transaction((tx) => tx.query("select pg_sleep(10)"));
      const leaving = store.transaction(async (tx) => void tx.query("select pg_sleep(10)"));
      const all = Promise.allSettled([sleeping, working, leaving]);
      const busy = () =>
        observer.query("select pid from pg_stat_activity where application_name = $1 and query ~ 'pg_sleep.10'", [
          "rollcall-victim",
        ]);
      await expect.poll(async () => (await busy()).length).toBe(3);
      await observer.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1", [
        "rollcall-victim",
      ]);
      for (const one of await all)
        expect(one).toMatchObject({ reason: { code: "STORE_UNAVAILABLE", cause: { code: "57P01" } } });
      expect(await store.query("select 1 as one")).toEqual([{ one: 1 }]);
    });

    it("can be used as soon as a server that was unreachable answers again", async () => {
      const store = connect({ connectTimeoutMs: 500 });
      await store.query("select 1");
      proxy.cut();
      await expect(store.query("select 1")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", retryable: true });
      await expect(insert(store, 1)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      proxy.restore();
      await insert(store, 2);
      expect(await rows()).toEqual([2]);
    });

    it("rejects when no connection becomes free in time", async () => {
      const store = connect({ maxConnections: 1, connectTimeoutMs: 200 });
      const busy = store.query("select pg_sleep(0.6)");
      await sleep(50);
      await expect(store.query("select 1")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      await busy;
      expect(await store.query("select 1 as one")).toEqual([{ one: 1 }]);
    });

    it("ends a statement that takes too long, and keeps the connection", async () => {
      const store = connect({ statementTimeoutMs: 100, maxConnections: 1 });
      const [before] = await store.query<{ pid: number }>("select pg_backend_pid() as pid");
      await expect(store.query("select pg_sleep(5)")).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
        cause: { code: "57014" },
      });
      expect(await store.query("select pg_backend_pid() as pid")).toEqual([before]);
    });

    it("allows a script more time than a statement", async () => {
      const store = connect({ statementTimeoutMs: 100, scriptTimeoutMs: 5_000 });
      await store.transaction((tx) => store.script(tx, "select pg_sleep(0.3)"));
      await expect(store.transaction((tx) => tx.query("select pg_sleep(5)"))).rejects.toThrow("57014");
    });

    it("ends the transaction of a process that hangs, so that its locks are released", async () => {
      const store = connect({ statementTimeoutMs: 200 });
      const hanging = store.transaction(async (tx) => {
        await tx.query("insert into public.row values (1)");
        await sleep(1_000);
      });
      await expect(hanging).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      expect(await rows()).toEqual([]);
    });

    it("rejects when the server does not answer any more", async () => {
      const store = connect({ statementTimeoutMs: 1 });
      await store.query("select 1").catch(() => {});
      proxy.delay(60_000);
      const startedAt = performance.now();
      await expect(store.query("select 1")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      expect(performance.now() - startedAt).toBeLessThan(8_000);
    });

    it("never reuses a connection with an open transaction", async () => {
      const store = connect({ maxConnections: 1 });
      await expect(store.query("begin")).resolves.toEqual([]);
      await store.query("insert into public.row values (1)");
      expect(await rows()).toEqual([1]);
    });
  });

  it("is migrated over a connection that waited for another one and has an outdated cache of schemas", async () => {
    const fresh = await freshDatabase(services.database);
    const stores = [1, 2].map(() => new PostgresStore({ url: fresh.url, maxConnections: 1 }));
    const directory = mkdtempSync(join(tmpdir(), "rollcall-migrations-"));
    writeFileSync(join(directory, "0001_first.sql"), "create table rollcall.one (id int)");
    // The connection's cache is from the rounds before.
    for (let round = 1; round <= 4; round++) {
      const applied = await Promise.all(stores.map((store) => migrate(store, [{ scope: "test", directory }])));
      expect(applied.flat()).toHaveLength(1);
      await stores[0]?.query("drop schema rollcall cascade");
    }
    rmSync(directory, { recursive: true });
    await Promise.all(stores.map((store) => store.close()));
    await fresh.drop();
  });

  it("says every five seconds which migration is not done", async () => {
    const directory = mkdtempSync(join(tmpdir(), "rollcall-migrations-"));
    writeFileSync(join(directory, "0001_slow.sql"), "select pg_advisory_xact_lock(4711)");
    const [migrating, holding] = [await direct(), await direct()];
    const said: string[] = [];
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    try {
      let migration: Promise<unknown> = Promise.resolve();
      await holding.transaction(async (tx) => {
        await tx.query("select pg_advisory_xact_lock(4711)");
        migration = migrate(migrating, [{ scope: "module/slow", directory, schema: "rollcall_slow" }], {
          onProgress: (name) => said.push(name),
        });
        await vi.waitUntil(() => said.length === 1);
        // The timer begins when the statement is sent.
        await vi.waitUntil(() => vi.getTimerCount() === 1);
        await vi.advanceTimersByTimeAsync(10_000);
      });
      await migration;
      expect(vi.getTimerCount()).toBe(0);
      expect(said).toEqual(Array.from({ length: 3 }, () => "module/slow/0001_slow.sql"));
    } finally {
      vi.useRealTimers();
      await migrating
        .query("drop schema rollcall_slow; delete from rollcall.migration where scope = 'module/slow'")
        .catch(() => {});
      await Promise.all([migrating.close(), holding.close()]);
      rmSync(directory, { recursive: true });
    }
  });

  it("opens no more connections than its limit", async () => {
    const store = new PostgresStore({ url: database.url, maxConnections: 2, applicationName: "rollcall-two" });
    await Promise.all(Array.from({ length: 8 }, () => store.query("select pg_sleep(0.02)")));
    const count = "select count(*) as n from pg_stat_activity where application_name = 'rollcall-two'";
    expect(await store.query(count)).toEqual([{ n: 2 }]);
    await store.close();
  });

  it("has no statement compiled, however large the server guesses its tables to be", async () => {
    const store = await direct();
    const statement = "select count(*) from generate_series(1, 10) a, generate_series(1, 10) b";
    await store.transaction(async (tx) => {
      await tx.query("set local jit_above_cost = 0");
      const plan = await tx.query<Record<string, unknown>>(`explain (analyze, format json) ${statement}`);
      expect(JSON.stringify(plan)).toContain("Execution Time");
      expect(JSON.stringify(plan)).not.toContain("JIT");
    });
    await store.close();
  });

  it("does not change the driver's global type parsers", async () => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    expect((await client.query("select 1::int8 as n")).rows).toEqual([{ n: "1" }]);
    await client.end();
  });

  it("reports in one line what is wrong with an address", async () => {
    const nobody = new PostgresStore({ url: "postgres://127.0.0.1:1/none", connectTimeoutMs: 500 });
    await expect(nobody.query("select 1")).rejects.toThrow(/ECONNREFUSED/);
    await nobody.close();
    const url = new URL(database.url);
    url.pathname = "/no_such_database";
    const wrong = new PostgresStore({ url: url.href });
    await expect(wrong.query("select 1")).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      cause: { code: "3D000" },
    });
    await wrong.close();
  });
});
