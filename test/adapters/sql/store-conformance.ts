import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { SqlValue, Store } from "../../../runtime/ports/store.ts";

export interface StoreFactory {
  /** An empty database, or one that only these tests use. */
  open(): Promise<Store>;
}

const nasty = ["a,b {\"c\"} \\ 'd' NULL", "NULL", "null", "", " spaced ", "grüße\n\t☎", "\\x00", '"', "{}", "𝒳"];
const allBytes = Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => byte));

/** The suite of every Store. */
export function describeStore(name: string, factory: StoreFactory): void {
  describe(`${name}, as a store`, () => {
    let store: Store;
    beforeAll(async () => {
      store = await factory.open();
      await store.query("create schema conformance");
    });
    afterAll(async () => {
      await store.query("drop schema conformance cascade");
      await store.close();
    });
    beforeEach(async () => {
      await store.transaction(async (tx) => {
        await tx.query("drop table if exists conformance.item");
        await tx.query("create table conformance.item (id int primary key, text text, amount int check (amount >= 0))");
      });
    });

    const count = async (): Promise<number | undefined> =>
      (await store.query<{ n: number }>("select count(*) as n from conformance.item"))[0]?.n;
    const add = (id: number): readonly [string, readonly SqlValue[]] => [
      "insert into conformance.item (id, text, amount) values ($1, $2, 0)",
      [id, `item ${id}`],
    ];
    const one = async (expression: string, values: readonly SqlValue[] = []): Promise<unknown> =>
      (await store.query<{ value: unknown }>(`select ${expression} as value`, values))[0]?.value;
    const unnested = async (type: string, values: readonly SqlValue[]): Promise<unknown[]> => {
      const rows = await store.query<{ value: unknown }>(
        `select value from unnest($1::${type}[]) with ordinality as u(value, at) order by at`,
        [values],
      );
      return rows.map(({ value }) => value);
    };

    describe("values", () => {
      it("are returned with the types that the port names", async () => {
        expect(await one("9007199254740991::int8")).toBe(Number.MAX_SAFE_INTEGER);
        expect(await one("(-5)::int4")).toBe(-5);
        expect(await one("1.5::float8")).toBe(1.5);
        expect(await one("true")).toBe(true);
        expect(await one("null::text")).toBe(null);
        expect(await one("'\\x00ff'::bytea")).toEqual(Buffer.from([0, 255]));
        expect(await one(`'{"b":1,"a":[true,null]}'::json`)).toEqual({ b: 1, a: [true, null] });
        expect(await one(`'"text"'::jsonb`)).toBe("text");
        expect(await one("'2026-03-01 12:00:00.123+02'::timestamptz")).toEqual(new Date("2026-03-01T10:00:00.123Z"));
        expect(await one("(select count(*) from conformance.item)")).toBe(0);
      });

      it("without an equivalent type in JavaScript are returned as text", async () => {
        expect(await one("12.50::numeric")).toBe("12.50");
        expect(await one("'2026-03-01'::date")).toBe("2026-03-01");
        expect(await one("'2026-03-01 12:00'::timestamp")).toBe("2026-03-01 12:00:00");
        expect(await one("interval '90 minutes'")).toBe("01:30:00");
        expect(await one("'6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid")).toBe("6ba7b810-9dad-11d1-80b4-00c04fd430c8");
      });

      it("keep the order of a json document's keys", async () => {
        const text = '{"z": 1, "a": {"y": 2, "b": 3}}';
        expect(JSON.stringify(await one("$1::json", [text]))).toBe('{"z":1,"a":{"y":2,"b":3}}');
      });

      it("are the same after a round trip", async () => {
        for (const text of nasty) expect(await one("$1::text", [text])).toBe(text);
        expect(await one("$1::bytea", [allBytes])).toEqual(allBytes);
        expect(await one("$1::bytea", [new Uint8Array([1, 2, 3]).subarray(1)])).toEqual(Buffer.from([2, 3]));
        expect(await one("$1::bytea", [Buffer.alloc(0)])).toEqual(Buffer.alloc(0));
        expect(await one("$1::int8", [2 ** 40])).toBe(2 ** 40);
        expect(await one("$1::boolean", [false])).toBe(false);
        expect(await one("$1::text", [null])).toBe(null);
        expect(await one("$1::float8", [0.1])).toBe(0.1);
        for (const iso of ["1969-12-31T23:59:59.999Z", "2026-03-29T01:30:00.001Z", "9999-12-31T23:59:59.999Z"])
          expect(await one("$1::timestamptz", [new Date(iso)])).toEqual(new Date(iso));
      });

      it("are unnested from arrays, with nulls in them", async () => {
        expect(await unnested("text", [...nasty, null])).toEqual([...nasty, null]);
        const bytes = [allBytes, null, Buffer.alloc(0), Buffer.from("\\x22")];
        expect(await unnested("bytea", bytes)).toEqual(bytes);
        const documents = [{ text: nasty }, null, "plain", 7, [], { deep: [{ a: "\\" }] }];
        const texts = documents.map((document) => (document === null ? null : JSON.stringify(document)));
        expect(await unnested("json", texts)).toEqual(documents);
        expect(await unnested("jsonb", texts)).toEqual(documents);
        const times = [new Date("2026-01-01T00:00:00.001Z"), null, new Date(0), new Date("1910-05-05T05:05:05Z")];
        expect(await unnested("timestamptz", times)).toEqual(times);
        expect(await unnested("int8", [1, null, -(2 ** 40)])).toEqual([1, null, -(2 ** 40)]);
        expect(await unnested("float8", [0.5, null, Infinity, NaN])).toEqual([0.5, null, Infinity, NaN]);
        expect(await unnested("boolean", [true, null, false])).toEqual([true, null, false]);
        const ids = ["6ba7b810-9dad-11d1-80b4-00c04fd430c8", null];
        expect(await unnested("uuid", ids)).toEqual(ids);
      });

      it("are unnested from empty arrays and arrays of nulls", async () => {
        for (const type of ["text", "bytea", "json", "timestamptz", "int8", "uuid", "boolean"]) {
          expect(await unnested(type, [])).toEqual([]);
          expect(await unnested(type, [null, null])).toEqual([null, null]);
        }
      });

      it("are returned in arrays, also nested ones", async () => {
        expect(await one("$1::text[]", [[...nasty, null]])).toEqual([...nasty, null]);
        expect(await one("array['\\x00'::bytea, null, '\\x'::bytea]")).toEqual([
          Buffer.from([0]),
          null,
          Buffer.alloc(0),
        ]);
        expect(await one("array[1::int8, null]")).toEqual([1, null]);
        expect(await one("array['2026-01-01T00:00:00Z'::timestamptz]")).toEqual([new Date("2026-01-01T00:00:00Z")]);
        expect(await one(`array['{"a":"}"}'::json]`)).toEqual([{ a: "}" }]);
        expect(await one("array[true, false]")).toEqual([true, false]);
        expect(
          await one("$1::text[][]", [
            [
              ["a", "b"],
              ["c", "}"],
            ],
          ]),
        ).toEqual([
          ["a", "b"],
          ["c", "}"],
        ]);
        expect(await one("'{}'::int[]")).toEqual([]);
      });

      it("find rows by any of many", async () => {
        for (const id of [1, 2, 3]) await store.query(...add(id));
        const rows = await store.query("select id from conformance.item where id = any($1::int[]) order by id", [
          [3, 1],
        ]);
        expect(rows).toEqual([{ id: 1 }, { id: 3 }]);
      });

      it("can be thousands in one statement", async () => {
        const ids = Array.from({ length: 5_000 }, (_, id) => id);
        const texts = ids.map((id) => `text ${id}`.repeat(20));
        await store.query("insert into conformance.item (id, text) select * from unnest($1::int[], $2::text[])", [
          ids,
          texts,
        ]);
        expect(await count()).toBe(5_000);
      });
    });

    describe("a transaction", () => {
      it("is visible after its commit, and returns the result of its work", async () => {
        const result = await store.transaction(async (tx) => {
          await tx.query(...add(1));
          return (await tx.query("select id from conformance.item")).length;
        });
        expect(result).toBe(1);
        expect(await count()).toBe(1);
      });

      it("writes nothing when its work throws, and rethrows that error", async () => {
        const mine = new Error("mine");
        const failed = store.transaction(async (tx) => {
          await tx.query(...add(1));
          throw mine;
        });
        await expect(failed).rejects.toBe(mine);
        expect(await count()).toBe(0);
      });

      it("runs statements in order when its work does not await them", async () => {
        const results = await store.transaction((tx) =>
          Promise.all([
            tx.query(...add(1)),
            tx.query("update conformance.item set amount = 5 where id = 1"),
            tx.query("select amount from conformance.item where id = 1"),
          ]),
        );
        expect(results[2]).toEqual([{ amount: 5 }]);
      });

      it("throws the first of several failures", async () => {
        const failed = store.transaction((tx) =>
          Promise.all([
            tx.query(...add(1)),
            tx.query("insert into conformance.item (id, amount) values (2, -1)"),
            tx.query(...add(3)),
          ]),
        );
        await expect(failed).rejects.toMatchObject({ code: "STORE_REFUSED", cause: { code: "23514" } });
        expect(await count()).toBe(0);
      });

      it("throws when its work has caught the failure of a statement", async () => {
        const failed = store.transaction(async (tx) => {
          await tx.query(...add(1));
          await tx.query(...add(1)).catch(() => {});
        });
        await expect(failed).rejects.toMatchObject({ code: "STORE_REFUSED", cause: { code: "23505" } });
        expect(await count()).toBe(0);
      });

      it("commits after statements that its work did not await", async () => {
        await store.transaction(async (tx) => {
          for (const id of [1, 2, 3]) void tx.query(...add(id));
        });
        expect(await count()).toBe(3);
      });

      it("throws the failure of a statement that its work did not await, and writes nothing", async () => {
        const failed = store.transaction(async (tx) => {
          void tx.query(...add(1));
          void tx.query("insert into conformance.item (id, amount) values (2, -1)");
          void tx.query(...add(3));
        });
        await expect(failed).rejects.toMatchObject({ code: "STORE_REFUSED", cause: { code: "23514" } });
        expect(await count()).toBe(0);
        expect(await one("1")).toBe(1);
      });

      it("is refused when a deferred constraint fails at its commit", async () => {
        await store.query(
          "create table conformance.late (id int references conformance.item deferrable initially deferred)",
        );
        const failed = store.transaction((tx) => tx.query("insert into conformance.late values (77)"));
        await expect(failed).rejects.toMatchObject({ code: "STORE_REFUSED", cause: { code: "23503" } });
        expect(await store.query("select * from conformance.late")).toEqual([]);
        await store.query("drop table conformance.late");
      });

      it("is never visible in part", async () => {
        const writing = store.transaction(async (tx) => {
          await tx.query(...add(1));
          await sleep(30);
          await tx.query(...add(2));
        });
        const seen = await Promise.all(Array.from({ length: 5 }, count));
        await writing;
        for (const number of seen) expect([0, 2]).toContain(number);
      });

      it("locks rows against other transactions", async () => {
        await store.query(...add(1));
        await Promise.all(
          Array.from({ length: 20 }, () =>
            store.transaction(async (tx) => {
              const [row] = await tx.query<{ amount: number }>(
                "select amount from conformance.item where id = 1 for update",
              );
              await tx.query("update conformance.item set amount = $1 where id = 1", [(row?.amount ?? 0) + 1]);
            }),
          ),
        );
        expect(await store.query("select amount from conformance.item")).toEqual([{ amount: 20 }]);
      });

      it("ends with its work: its handle can't be used afterwards", async () => {
        const handle = await store.transaction(async (tx) => tx);
        await expect(handle.query("select 1")).rejects.toThrow();
        expect(await count()).toBe(0);
      });
    });

    describe("a script", () => {
      it("runs several statements in a transaction", async () => {
        await store.transaction((tx) =>
          store.script(
            tx,
            `insert into conformance.item (id) values (1); -- a comment; with a semicolon
             insert into conformance.item (id, text) values (2, 'a;b');
             do $$ begin insert into conformance.item (id) values (3); end $$;`,
          ),
        );
        expect(await count()).toBe(3);
      });

      it("writes nothing when one of its statements fails", async () => {
        const failed = store.transaction((tx) =>
          store.script(tx, "insert into conformance.item (id) values (1); insert into conformance.nowhere values (1)"),
        );
        await expect(failed).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", cause: { code: "42P01" } });
        expect(await count()).toBe(0);
      });

      it("needs a transaction's handle", async () => {
        await expect(store.script(store, "select 1")).rejects.toThrow(TypeError);
      });
    });

    describe("an error", () => {
      it.each([
        ["22012", "select 1 / 0", []],
        ["22P02", "select $1::int", ["seven"]],
        ["22021", "select $1::text", ["nul \0 inside"]],
        ["23505", "insert into conformance.item (id) values (1), (1)", []],
        ["23502", "insert into conformance.item (id) values (null)", []],
        ["23514", "insert into conformance.item (id, amount) values (1, -1)", []],
        ["54011", `select ${Array.from({ length: 1700 }, () => "1").join(",")}`, []],
      ] as const)("in the data is STORE_REFUSED and not retryable: %s", async (state, text, values) => {
        const refused = store.query(text, values);
        await expect(refused).rejects.toMatchObject({
          name: "Fault",
          code: "STORE_REFUSED",
          retryable: false,
          cause: { code: state },
        });
        await expect(refused).rejects.toThrow(state);
      });

      it.each([
        ["42P01", "select * from conformance.nowhere"],
        ["42601", "selec 1"],
        ["P0001", "do $$ begin raise exception 'no'; end $$"],
      ] as const)("of any other kind is STORE_UNAVAILABLE and retryable: %s", async (state, text) => {
        const failed = store.query(text);
        await expect(failed).rejects.toMatchObject({
          code: "STORE_UNAVAILABLE",
          retryable: true,
          cause: { code: state },
        });
      });

      it("does not make the store unusable", async () => {
        await expect(store.query("select 1 / 0")).rejects.toThrow();
        await expect(store.transaction((tx) => tx.query("select 1 / 0"))).rejects.toThrow();
        expect(await one("1")).toBe(1);
      });
    });

    it("returns its version", async () => {
      expect(await store.version()).toMatch(/^PostgreSQL \d+/);
    });

    it("may be closed more than once, waits for running statements, and is unavailable afterwards", async () => {
      const own = await factory.open();
      const running = own.transaction(async (tx) => {
        await sleep(50);
        return (await tx.query<{ n: number }>("select 7 as n"))[0]?.n;
      });
      await sleep(10);
      const closing = own.close();
      expect(await running).toBe(7);
      await closing;
      await own.close();
      await expect(own.query("select 1")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    });
  });
}
