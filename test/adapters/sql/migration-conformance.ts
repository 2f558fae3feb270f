import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ensureDayPartitions, migrate, type MigrationSet } from "../../../runtime/adapters/sql/migrate.ts";
import type { Store } from "../../../runtime/ports/store.ts";
import { blockOf } from "../../security/guide.ts";

const runtime: MigrationSet = {
  scope: "runtime",
  directory: new URL("../../../runtime/adapters/migrations/", import.meta.url),
};

const BEFORE_FIRST_RELEASE = readFileSync(new URL("../fixtures/before-first-release.sql", import.meta.url), "utf8");

/** The suite of migrations on every store. `connect` is called more than once where a store has several connections. */
export function describeMigrations(name: string, connect: () => Promise<Store>): void {
  describe(`migrations on ${name}`, () => {
    let store: Store;
    let directory: string;
    let set: MigrationSet;
    const write = (file: string, text: string): void => writeFileSync(join(directory, file), text);
    const numbers = (applied: readonly { readonly number: number }[]): number[] => applied.map(({ number }) => number);

    beforeAll(async () => {
      store = await connect();
    });
    afterAll(() => store.close());
    beforeEach(async () => {
      await store.query("drop schema if exists rollcall cascade");
      directory = mkdtempSync(join(tmpdir(), "rollcall-migrations-"));
      set = { scope: "test", directory };
      write("0001_first.sql", "create table rollcall.one (id int); insert into rollcall.one values (1);");
      write("0002_second.sql", "insert into rollcall.one values (2);");
      return () => rmSync(directory, { recursive: true });
    });

    it("apply in order, once", async () => {
      expect(numbers(await migrate(store, [set]))).toEqual([1, 2]);
      expect(await migrate(store, [set])).toEqual([]);
      write("0003_third.sql", "insert into rollcall.one values (3);");
      expect(await migrate(store, [set])).toMatchObject([{ scope: "test", number: 3, name: "0003_third.sql" }]);
      expect(await store.query("select id from rollcall.one order by id")).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
    });

    it("have numbers for each scope, and apply scopes in the order given", async () => {
      const other = mkdtempSync(join(tmpdir(), "rollcall-migrations-"));
      writeFileSync(join(other, "0001_other.sql"), "insert into rollcall.one values (10);");
      const applied = await migrate(store, [set, { scope: "other", directory: other }]);
      expect(applied.map(({ scope, number }) => `${scope} ${number}`)).toEqual(["test 1", "test 2", "other 1"]);
      rmSync(other, { recursive: true });
    });

    it("write nothing of a file that fails, and keep the files before it", async () => {
      write("0002_second.sql", "insert into rollcall.one values (2); insert into rollcall.nowhere values (1);");
      const refused = migrate(store, [set]);
      await expect(refused).rejects.toMatchObject({ code: "MIGRATION_FAILED", retryable: false });
      await expect(refused).rejects.toThrow(/test\/0002_second\.sql fails: .*0002_second\.sql:1: .*nowhere/);
      expect(await store.query("select id from rollcall.one")).toEqual([{ id: 1 }]);
      write("0002_second.sql", "insert into rollcall.one values (2);");
      expect(numbers(await migrate(store, [set]))).toEqual([2]);
    });

    describe("with a schema of their own", () => {
      const own = (name: string, text: string): MigrationSet => {
        mkdirSync(join(directory, name));
        write(`${name}/0001_first.sql`, text);
        return { scope: `module/${name}`, directory: join(directory, name), schema: `rollcall_${name}` };
      };
      beforeEach(() => async () => {
        for (const name of ["parcels", "letters"]) await store.query(`drop schema if exists rollcall_${name} cascade`);
      });

      it("may have a table of the same name each, which statements name with the schema", async () => {
        const parcels = own("parcels", "create table address (town text); insert into address values ('Ulm');");
        const letters = own("letters", "create table address (street text);");
        const begun: string[] = [];
        await migrate(store, [set, parcels, letters], { onProgress: (name, forMs) => begun.push(`${name} ${forMs}`) });
        expect(await store.query("select town from rollcall_parcels.address")).toEqual([{ town: "Ulm" }]);
        expect(await store.query("select street from rollcall_letters.address")).toEqual([]);
        expect(begun).toEqual(["module/parcels/0001_first.sql 0", "module/letters/0001_first.sql 0"]);
        expect(await store.query("select to_regclass('public.address') as found")).toEqual([{ found: null }]);
        expect(
          (await store.query<{ path: string }>("select current_setting('search_path') as path"))[0]?.path,
        ).toContain("public");
      });

      it("leave nothing behind when one fails, name file and line, and go on when it is corrected", async () => {
        const parcels = own("parcels", "create table address (town text);");
        write("parcels/0002_second.sql", "insert into address values ('Ulm');\n\ninsert into adress values ('Bonn');");
        const refused = migrate(store, [set, parcels]);
        await expect(refused).rejects.toMatchObject({ code: "MIGRATION_FAILED", retryable: false });
        await expect(refused).rejects.toThrow(
          /module\/parcels\/0002_second\.sql fails: .*:3: .*adress.*--only DOMAINS/,
        );
        expect(await store.query("select * from rollcall_parcels.address")).toEqual([]);
        write("parcels/0002_second.sql", "insert into address values ('Bonn');");
        expect(numbers(await migrate(store, [set, parcels]))).toEqual([2]);
        expect(await store.query("select * from rollcall_parcels.address")).toEqual([{ town: "Bonn" }]);
      });
    });

    it("refuse a changed file, naming it", async () => {
      await migrate(store, [set]);
      write("0001_first.sql", "create table rollcall.one (id bigint);");
      const refused = migrate(store, [set]);
      await expect(refused).rejects.toMatchObject({ code: "MIGRATION_MISMATCH", retryable: false });
      await expect(refused).rejects.toThrow("test/0001_first.sql");
    });

    it("refuse a database that a newer version migrated, naming the file", async () => {
      write("0003_future.sql", "insert into rollcall.one values (3);");
      await migrate(store, [set]);
      rmSync(join(directory, "0003_future.sql"));
      const refused = migrate(store, [set]);
      await expect(refused).rejects.toMatchObject({ code: "MIGRATION_MISMATCH" });
      await expect(refused).rejects.toThrow("test/0003_future.sql");
    });

    it("refuse a new file with a lower number than an applied one", async () => {
      rmSync(join(directory, "0001_first.sql"));
      write("0002_second.sql", "create table rollcall.one (id int)");
      await migrate(store, [set]);
      write("0001_late.sql", "drop table rollcall.one");
      await expect(migrate(store, [set])).rejects.toThrow("test/0001_late.sql is older");
    });

    it("refuse a folder with wrong names or repeated numbers", async () => {
      write("0002_again.sql", "select 1");
      await expect(migrate(store, [set])).rejects.toThrow("same number");
      rmSync(join(directory, "0002_again.sql"));
      write("third.sql", "select 1");
      await expect(migrate(store, [set])).rejects.toThrow("third.sql");
      const nowhere = { scope: "module/parcels", directory: join(directory, "nowhere") };
      await expect(migrate(store, [nowhere])).rejects.toThrow(/migrations of module\/parcels can't be read: .*nowhere/);
    });

    describe("a store from before the first release", () => {
      const contents = () =>
        store.query(
          `select relname, pg_relation_size(oid) as bytes from pg_class
            where relnamespace = to_regnamespace('rollcall') order by relname`,
        );
      const asScript = (text: string) => store.transaction((tx) => store.script(tx, text));
      const remedy = { pglite: "ROLLCALL_DATA_DIR to another one", postgres: "drop schema rollcall cascade" };

      it("is refused with its migrations and the remedy, and nothing in it is changed", async () => {
        await asScript(BEFORE_FIRST_RELEASE);
        const before = await contents();
        const refused = migrate(store, [runtime, set]);
        await expect(refused).rejects.toMatchObject({ code: "STORE_TOO_OLD", retryable: false });
        await expect(refused).rejects.toThrow("runtime/0001_runtime.sql, runtime/0002_table_bus.sql");
        await expect(refused).rejects.toThrow(remedy[store.kind]);
        expect(await contents()).toEqual(before);
      });

      it("is refused when only its first migration was applied", async () => {
        await asScript(`${BEFORE_FIRST_RELEASE}; delete from rollcall.migration where number > 1`);
        await expect(migrate(store, [runtime])).rejects.toMatchObject({ code: "STORE_TOO_OLD" });
      });

      it("is refused without its record of migrations too, but not an empty schema", async () => {
        await store.query("create schema rollcall");
        await asScript("create table rollcall.entity (id text); create table rollcall.journal (id text)");
        const refused = migrate(store, [set]);
        await expect(refused).rejects.toMatchObject({ code: "STORE_TOO_OLD" });
        await expect(refused).rejects.toThrow("entity, journal");
        expect(await contents()).toMatchObject([{ relname: "entity" }, { relname: "journal" }]);
        await asScript("drop table rollcall.entity; drop table rollcall.journal");
        expect(numbers(await migrate(store, [set]))).toEqual([1, 2]);
      });
    });

    it("apply once when several start at once", async () => {
      const all = await Promise.all([1, 2, 3].map(() => migrate(store, [runtime, set])));
      const applied = all.flat().map(({ scope, number }) => `${scope} ${number}`);
      expect(applied.filter((one) => one.startsWith("test")).sort()).toEqual(["test 1", "test 2"]);
      expect(new Set(applied).size).toBe(applied.length);
      expect(await store.query("select id from rollcall.one order by id")).toEqual([{ id: 1 }, { id: 2 }]);
    });

    describe("days", () => {
      const turn = (at: string, seq: number, line: object = {}) =>
        store.query(
          `insert into rollcall.turn (domain, partition, seq, last_seq, at, contract_hash, lines)
           values ('d', 0, $1, $1, $2, 'h', $3)`,
          [seq, new Date(at), JSON.stringify({ seq, kind: "message", ...line })],
        );
      const seen = (day: string) =>
        store.query("insert into rollcall.seen (day, key) values ($1::text::date, gen_random_uuid())", [day]);
      const partsOf = async (table: string): Promise<readonly unknown[]> =>
        (
          await store.query(
            `select c.relname as part from rollcall.${table} t join pg_class c on c.oid = t.tableoid order by 1`,
          )
        ).map(({ part }) => part);

      beforeEach(async () => {
        await migrate(store, [runtime]);
      });

      it("each get one partition of the journal, from midnight to midnight UTC", async () => {
        expect(await ensureDayPartitions(store, ["2026-03-28", "2026-03-29"])).toEqual(["2026-03-28", "2026-03-29"]);
        expect(await ensureDayPartitions(store, ["2026-03-29", "2026-03-30"])).toEqual(["2026-03-30"]);
        await turn("2026-03-28T23:59:59.999Z", 1);
        await turn("2026-03-29T00:00:00Z", 2);
        await turn("2026-04-01T00:00:00Z", 3);
        expect(await partsOf("turn")).toEqual(["turn_20260328", "turn_20260329", "turn_default"]);
      });

      it("each get one partition of ids, which goes when the day is over for long enough", async () => {
        await ensureDayPartitions(store, ["2026-03-28", "2026-03-29"]);
        for (const day of ["2026-03-27", "2026-03-28", "2026-03-29", "2026-03-30"]) await seen(day);
        expect(await partsOf("seen")).toEqual(["seen_20260328", "seen_20260329", "seen_default", "seen_default"]);
        const drop = () => store.query("select rollcall.drop_seen_before('2026-03-29') as dropped");
        expect([...(await drop()), ...(await drop())]).toEqual([{ dropped: 1 }, { dropped: 0 }]);
        expect(await store.query("select day from rollcall.seen order by day")).toEqual([
          { day: "2026-03-29" },
          { day: "2026-03-30" },
        ]);
        expect(await partsOf("seen")).toEqual(["seen_20260329", "seen_default"]);
      });

      it("get no partition where the default one has rows of them", async () => {
        await turn("2026-03-28T12:00:00Z", 1);
        await seen("2026-03-29");
        await ensureDayPartitions(store, ["2026-03-28", "2026-03-29"]);
        expect(await ensureDayPartitions(store, ["2026-03-28", "2026-03-29"])).toEqual([]);
        await turn("2026-03-29T12:00:00Z", 2);
        await seen("2026-03-28");
        expect(await partsOf("turn")).toEqual(["turn_20260329", "turn_default"]);
        expect(await partsOf("seen")).toEqual(["seen_20260328", "seen_default"]);
      });

      it("can be dropped one by one with the statements of the guide", async () => {
        await ensureDayPartitions(store, ["2026-03-28", "2026-03-29", "2026-03-30"]);
        await store.query(
          `insert into rollcall.partition_owner
             (domain, partition, epoch, owner, next_seq, published_seq, pending_seq, served_at)
           values ('d', 0, 1, 'o', 4, 1, 4, now())`,
        );
        for (const seq of [1, 2, 3]) await turn(`2026-03-${27 + seq}T12:00:00Z`, seq);
        const [asked = "", dropped = ""] = blockOf("What is not promised", "sql", "operate").split(";");
        const waiting = async (day: string) =>
          (await store.query<{ waiting: number }>(asked.replace("20260101", day)))[0]?.waiting;
        const all = async () => [await waiting("20260328"), await waiting("20260329"), await waiting("20260330")];
        expect(await all(), "what is not published").toEqual([0, 1, 1]);
        await store.query("update rollcall.partition_owner set published_seq = 3, pending_seq = 3");
        expect(await all(), "what is not carried out").toEqual([0, 0, 1]);
        await store.query(dropped.replace("20260101", "20260328"));
        expect(await store.query("select seq from rollcall.journal order by seq")).toEqual([{ seq: 2 }, { seq: 3 }]);
      });

      it("show lines with what Postgres can't show", async () => {
        const line = { type: "NUL \u0000", id: "half \ud800", reason: "a \\ and \\u0000, \u00e4 \u{1f600} \n" };
        await turn("2026-03-28T12:00:00Z", 1, { ...line, more: { "key \u0000": ["\udfff\u0000\\\u0000"] } });
        expect(await store.query("select type, id, reason, line -> 'more' as more from rollcall.journal")).toEqual([
          {
            ...{ type: "NUL \ufffd", id: "half \ufffd", reason: line.reason },
            more: { "key \ufffd": ["\ufffd\ufffd\\\ufffd"] },
          },
        ]);
      });

      it("must be valid dates", async () => {
        await expect(ensureDayPartitions(store, ["2026-02-30"])).rejects.toThrow(RangeError);
        await expect(ensureDayPartitions(store, ["today'; drop"])).rejects.toThrow(RangeError);
      });

      it("are created once when several processes create them at once", async () => {
        const made = await Promise.all([1, 2, 3].map(() => ensureDayPartitions(store, ["2026-05-01", "2026-05-02"])));
        expect(made.flat().sort()).toEqual(["2026-05-01", "2026-05-02"]);
      });
    });
  });
}
