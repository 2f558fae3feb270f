import { describe, expect, it } from "vitest";
import { arrayTypes, binaryArray, type ElementType } from "../../../runtime/adapters/postgres/binary-arrays.ts";
import { SlabLease } from "../../../runtime/adapters/postgres/slabs.ts";
import type { SqlValue } from "../../../runtime/ports/store.ts";

const oids = (text: string): (number | undefined)[] => [...arrayTypes(text)].map((type) => type?.oid);
const typeOf = (cast: string): ElementType => arrayTypes(`$1::${cast}[]`)[0] as ElementType;
const encoded = (cast: string, values: readonly SqlValue[]): string | undefined =>
  binaryArray(values, typeOf(cast), new SlabLease())?.toString("hex");

describe("The arrays of a statement", () => {
  it("are known by their casts", () => {
    expect(oids("select $1, $2::timestamptz, r.* from unnest($3::int[], $4::BIGINT[], $5::uuid[]) as r")).toEqual([
      undefined,
      undefined,
      23,
      20,
      2950,
    ]);
    expect(oids("select $12::text[]")[11]).toBe(25);
  });

  it("stay text where the cast is missing, of another kind, or not the only use", () => {
    expect(oids("select unnest($1), $2::text[][], $3::xid[], $4::rollcall.text[], $5::jsonb[]")).toEqual(
      Array.from({ length: 5 }, () => undefined),
    );
    expect(oids("select $1::int[], $1::int[]")).toEqual([23]);
    for (const text of ["$1::int[], $1", "$1, $1::int[]", "$1::int[], $1::text[]", "$1, $1::int[], $1::int[]"])
      expect(oids(text)).toEqual([undefined]);
  });
});

describe("The binary form of an array", () => {
  it("has a dimension, whether there are nulls, the type, and every element behind its length", () => {
    const head = ["00000001", "00000001", "00000017", "00000002", "00000001"];
    expect(encoded("int", [-2, null])).toBe([...head, "00000004", "fffffffe", "ffffffff"].join(""));
    expect(encoded("int", [])).toBe("000000000000000000000017");
  });

  it("is not there for what the type has no bytes for", () => {
    const strange: Record<string, readonly SqlValue[]> = {
      int: [1.5, 2 ** 31, NaN, "1", true],
      bigint: [0.5, 2 ** 53, Infinity, "1"],
      text: [1, true, Buffer.from("a"), new Date(0), ["a"]],
      json: [1],
      uuid: ["", "6ba7b810-9dad-11d1-80b4-00c04fd430cg", "6ba7b810x9dad-11d1-80b4-00c04fd430c8", "ﾂ".repeat(36)],
      timestamptz: ["2026-02-30T00:00:00.000Z", "2026-01-01", "2026-01-01T00:00:00.000001Z", "now", new Date(NaN), 0],
      bytea: ["\\x00"],
      float8: ["1"],
      boolean: ["true", 1],
    };
    for (const [cast, values] of Object.entries(strange))
      for (const value of values) expect([cast, value, encoded(cast, [null, value])]).toEqual([cast, value, undefined]);
  });

  it("is not disturbed by the arrays written after it, nor by leases that end, until its own does", () => {
    const texts = Array.from({ length: 300 }, (_, at) => String.fromCodePoint(0x1f600 + (at % 50)).repeat(at * 10));
    const held = texts.map((text, at) => {
      const lease = new SlabLease();
      const array = binaryArray([text, null, text], typeOf("text"), lease);
      if (at % 3 > 0) lease.release();
      return at % 3 > 0 ? undefined : array;
    });
    for (const [at, text] of texts.entries()) {
      if (at % 3 > 0) continue;
      const bytes = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeInt32BE(bytes.length);
      const expected = Buffer.concat([length, bytes, Buffer.alloc(4, 255), length, bytes]);
      expect(held[at]?.subarray(20).equals(expected)).toBe(true);
    }
  });

  it("takes the place of those whose leases have ended", () => {
    const text = "x".repeat(100_000);
    const places = new Set<ArrayBufferLike | undefined>();
    for (let i = 0; i < 1_000; i++) {
      const lease = new SlabLease();
      places.add(binaryArray([text], typeOf("text"), lease)?.buffer);
      lease.release();
    }
    expect(places.size).toBeLessThan(10);
  });

  it("takes their place, too, where many were held at once", () => {
    const text = "x".repeat(400_000);
    const places = new Set<ArrayBufferLike | undefined>();
    for (let round = 0; round < 50; round++) {
      const leases = Array.from({ length: 20 }, () => new SlabLease());
      for (const lease of leases) places.add(binaryArray([text], typeOf("text"), lease)?.buffer);
      for (const lease of leases) lease.release();
    }
    expect(places.size).toBeLessThan(20);
  });
});
