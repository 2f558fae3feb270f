import { describe, expect, it } from "vitest";
import { arrayTypes, binaryArray, type ElementType } from "../../../runtime/adapters/postgres/binary-arrays.ts";
import type { SqlValue } from "../../../runtime/ports/store.ts";

const oids = (text: string): (number | undefined)[] => [...arrayTypes(text)].map((type) => type?.oid);
const typeOf = (cast: string): ElementType => arrayTypes(`$1::${cast}[]`)[0] as ElementType;
const encoded = (cast: string, values: readonly SqlValue[]): string | undefined =>
  binaryArray(values, typeOf(cast))?.toString("hex");

describe("The arrays of a statement", () => {
  it("have the types of their casts", () => {
    expect(oids("select $1, $2::timestamptz, r.* from unnest($3::int[], $4::BIGINT[], $5::uuid[]) as r")).toEqual([
      undefined,
      undefined,
      23,
      20,
      2950,
    ]);
    expect(oids("select $12::text[]")[11]).toBe(25);
  });

  it("stay text where the cast is missing, of another type, or not the only use", () => {
    expect(oids("select unnest($1), $2::text[][], $3::xid[], $4::rollcall.text[], $5::jsonb[]")).toEqual(
      Array.from({ length: 5 }, () => undefined),
    );
    expect(oids("select $1::int[], $1::int[]")).toEqual([23]);
    for (const text of ["$1::int[], $1", "$1, $1::int[]", "$1::int[], $1::text[]", "$1, $1::int[], $1::int[]"])
      expect(oids(text)).toEqual([undefined]);
  });
});

describe("The binary form of an array", () => {
  it("has the dimension, whether there are nulls, the type, and each element after its length", () => {
    const head = ["00000001", "00000001", "00000017", "00000002", "00000001"];
    expect(encoded("int", [-2, null])).toBe([...head, "00000004", "fffffffe", "ffffffff"].join(""));
    expect(encoded("int", [])).toBe("000000000000000000000017");
  });

  it("is undefined for values that the type can't represent", () => {
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

  it("is not disturbed by arrays that are written later", () => {
    const texts = Array.from({ length: 300 }, (_, at) => String.fromCodePoint(0x1f600 + (at % 50)).repeat(at * 10));
    const arrays = texts.map((text) => binaryArray([text, null, text], typeOf("text")));
    for (const [at, text] of texts.entries()) {
      const bytes = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeInt32BE(bytes.length);
      const expected = Buffer.concat([length, bytes, Buffer.alloc(4, 255), length, bytes]);
      expect(arrays[at]?.subarray(20).equals(expected)).toBe(true);
    }
  });

  it("is complete where it is larger than every array before it", () => {
    const large = "x".repeat(3_000_000);
    const array = binaryArray(["a", large, "b"], typeOf("text"));
    expect(array?.subarray(20, 25).toString("latin1")).toBe("\0\0\0\x01a");
    expect(array?.subarray(29, -5).toString()).toBe(large);
    expect(array?.subarray(-5).toString("latin1")).toBe("\0\0\0\x01b");
  });
});
