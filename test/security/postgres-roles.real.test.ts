import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { MIGRATIONS } from "../../app/host/open-shared.ts";
import { ensureDayPartitions, migrate } from "../../runtime/adapters/sql/migrate.ts";
import { PostgresStore } from "../../runtime/adapters/postgres/postgres-store.ts";
import { dropJournalDay } from "../../runtime/stored/journal-days.ts";
import { describeReal } from "../real/services/describe-real.ts";
import { rollcall } from "./rollcall.ts";
import type { ROLES } from "./secured-postgres.ts";
import { SecuredPostgres } from "./secured-postgres.ts";

describeReal("Postgres with TLS and three roles", () => {
  let server: SecuredPostgres;
  const stores: PostgresStore[] = [];
  const storeAt = (url: string): PostgresStore => {
    const store = new PostgresStore({ url, maxConnections: 2 });
    stores.push(store);
    return store;
  };
  beforeAll(async () => {
    server = await SecuredPostgres.start();
  });
  afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await server.stop();
  });

  it("does not start before the tables exist, and names the role that creates them", async () => {
    const refused = migrate(storeAt(server.url("rollcall_run")), MIGRATIONS);
    await expect(refused).rejects.toMatchObject({ code: "MIGRATION_REFUSED", retryable: false });
    await expect(refused).rejects.toThrow(/runtime\/0001_contracts\.sql.*rollcall migrate/);
  });

  it("is migrated by the role that owns the tables, with rollcall migrate", async () => {
    const environment = { DATABASE_URL: server.url("rollcall_migrate") };
    expect(await rollcall("migrate", environment)).toMatchObject({
      code: 0,
      out: expect.stringContaining("applied runtime/0001_contracts.sql"),
      err: "",
    });
    expect(await rollcall("migrate", environment)).toMatchObject({
      code: 0,
      out: expect.stringContaining("up to date"),
    });
  });

  it("runs as a role without DDL", async () => {
    const store = storeAt(server.url("rollcall_run"));
    expect(await migrate(store, MIGRATIONS)).toEqual([]);
    expect(await ensureDayPartitions(store, ["2031-01-01", "2031-01-02"])).toEqual(["2031-01-01", "2031-01-02"]);
    expect(await ensureDayPartitions(store, ["2031-01-02"])).toEqual([]);
    expect(
      await store.query(
        `select tablename as name, tableowner as owner from pg_tables where tablename ~ '_20310101$' order by 1`,
      ),
    ).toEqual(["seen_20310101", "turn_20310101"].map((name) => ({ name, owner: "rollcall_migrate" })));
    const drop = () => store.query("select rollcall.drop_seen_before('2031-01-02') as dropped");
    expect([...(await drop()), ...(await drop())]).toEqual([{ dropped: 1 }, { dropped: 0 }]);
    expect(await dropJournalDay(store, "2031-01-02")).toBe(true);
    expect(await store.query("select to_regclass('rollcall.turn_20310102') as table")).toEqual([{ table: null }]);
  });

  const tables = [
    "entity",
    "entity_data",
    "tombstone",
    "purge_request",
    "seen",
    "turn",
    "intent",
    "partition_owner",
    "source_offset",
    "dead_letter",
    "contract_set",
  ];
  const more = ["expiry_hold", "node_registrations", "catalog_service", "turn_20310101", "seen_20310102"];
  it("lets each role do what the guide lists, and nothing else", async () => {
    const tried = async (role: keyof typeof ROLES, sql: string): Promise<string> => {
      const client = new Client({ connectionString: server.url(role) });
      await client.connect();
      try {
        await client.query("begin");
        return await client.query(sql).then(
          () => "may",
          (error: unknown) => String((error as { code?: string }).code),
        );
      } finally {
        await client.end();
      }
    };
    const denied = "42501";
    for (const table of [...tables, ...more]) {
      expect([table, await tried("rollcall_run", `select * from rollcall.${table} for update`)]).toEqual([
        table,
        "may",
      ]);
      expect([table, await tried("rollcall_run", `delete from rollcall.${table}`)]).toEqual([table, "may"]);
      expect([table, await tried("rollcall_read", `select * from rollcall.${table}`)]).toEqual([table, "may"]);
      for (const change of [`delete from rollcall.${table}`, `select * from rollcall.${table} for update`])
        expect([table, await tried("rollcall_read", change)]).toEqual([table, denied]);
      for (const change of [
        `truncate rollcall.${table}`,
        `drop table rollcall.${table}`,
        `alter table rollcall.${table} add column x int`,
      ])
        for (const role of ["rollcall_run", "rollcall_read"] as const)
          expect([table, await tried(role, change)]).toEqual([table, denied]);
    }
    for (const role of ["rollcall_run", "rollcall_read"] as const) {
      expect(await tried(role, "select * from rollcall.journal")).toBe("may");
      for (const change of [
        "create table rollcall.mine (id int)",
        "create schema mine",
        "create temp table mine (id int)",
        "create role mine",
        "create extension if not exists pg_trgm",
        "copy rollcall.contract_set to program 'id'",
      ])
        expect([change, await tried(role, change)]).toEqual([change, denied]);
    }
    for (const call of [
      ...["create_day_partitions('2031-05-01')", "drop_seen_before('2031-05-01')"],
      ...["detach_turn_day('2031-05-01')", "drop_detached_days()"],
    ])
      expect([call, await tried("rollcall_read", `select rollcall.${call}`)]).toEqual([call, denied]);
    expect(await tried("rollcall_migrate", "alter table rollcall.entity add column x int")).toBe("may");
    expect(await tried("rollcall_migrate", "create role mine")).toBe(denied);
  });

  it("is trusted by its certificate only", async () => {
    const { strangerFile, caFile } = server.certificates;
    const ask = (how: Parameters<SecuredPostgres["url"]>[1]) =>
      storeAt(server.url("rollcall_run", how)).query("select 1");
    await expect(ask({})).resolves.toHaveLength(1);
    const refusals: [Parameters<SecuredPostgres["url"]>[1], RegExp][] = [
      [{ tls: `sslmode=verify-full&sslrootcert=${strangerFile}` }, /verify|self-signed|certificate/],
      [{ tls: "sslmode=verify-full" }, /verify|self-signed|certificate/],
      [{ host: "localhost" }, /does not match certificate's altnames/],
      [{ tls: "" }, /no encryption|pg_hba\.conf rejects/],
      [{ tls: "sslmode=disable" }, /no encryption|pg_hba\.conf rejects/],
      [{ password: "canary-wrong-9f9f" }, /password authentication failed/],
    ];
    for (const [how, reason] of refusals) {
      const answer = ask(how);
      await expect(answer).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      await expect(answer).rejects.toThrow(reason);
      await expect(answer).rejects.not.toThrow(/canary/);
    }
    expect(caFile).not.toBe(strangerFile);
  });
});
