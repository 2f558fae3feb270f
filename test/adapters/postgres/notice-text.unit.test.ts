import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { beatText, noticeTexts, readBeat, readNotice } from "../../../runtime/adapters/postgres/notice-text.ts";

const PAYLOAD_BYTES_MAX = 7_999;
const ends = fc.dictionary(fc.nat(999).map(String), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), {
  minKeys: 1,
});

describe("the text of a notice", () => {
  it("names the domain, and the last line of each partition", () => {
    const texts = noticeTexts("orders", new Map([...[[0, 57] as const], ...[[3, 12] as const]]));
    expect(texts).toEqual(["orders:0=57,3=12"]);
  });

  it("is read as it was written, and never longer than Postgres takes", () => {
    fc.assert(
      fc.property(ends, (byPartition) => {
        const told = new Map(Object.entries(byPartition).map(([partition, line]) => [Number(partition), line]));
        const texts = noticeTexts("a".repeat(41), told);
        expect(Math.max(...texts.map((text) => text.length))).toBeLessThanOrEqual(PAYLOAD_BYTES_MAX);
        const read = texts.flatMap((text) => [...(readNotice(text)?.ends ?? [])]);
        expect(new Map(read)).toEqual(told);
      }),
    );
  });

  it.each(["", "orders", "orders:", "orders:1", "orders:1=", "orders:1=2,", "Orders:1=2", "orders:1=2\n", "a b:1=2"])(
    "is not %j, whoever sends it",
    (text) => expect(readNotice(text)).toBeUndefined(),
  );

  it("is none of a beat, and a beat is no notice", () => {
    expect(readBeat(beatText("p-1"))).toBe("p-1");
    expect(readNotice(beatText("p-1"))).toBeUndefined();
    expect(readBeat("orders:1=2")).toBeUndefined();
  });
});
