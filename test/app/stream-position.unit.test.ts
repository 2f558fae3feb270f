import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeCursor, encodeCursor } from "../../app/http/server/cursor.ts";
import { Problem } from "../../app/http/server/problem.ts";
import { decodePosition, encodePosition } from "../../app/http/events/stream-position.ts";

const positions = fc.array(fc.maxSafeNat(), { minLength: 1, maxLength: 50 });

describe("a position in the stream", () => {
  it("is decoded to what was encoded", () => {
    fc.assert(
      fc.property(positions, (position) => {
        expect(decodePosition(encodePosition(position), position.length)).toEqual(position);
      }),
    );
  });

  it("is short", () => {
    expect(encodePosition(Array.from({ length: 12 }, () => 10_000)).length).toBeLessThanOrEqual(32);
  });

  it("is refused for another number of partitions, and for any other text as a problem", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), fc.integer({ min: 1, max: 20 }), (text, partitions) => {
        try {
          expect(encodePosition(decodePosition(text, partitions))).toBe(text);
        } catch (error) {
          expect(error).toBeInstanceOf(Problem);
        }
      }),
    );
    expect(() => decodePosition(encodePosition([1, 2]), 3)).toThrow(Problem);
  });
});

describe("a cursor", () => {
  it("is decoded for the list that it was made for, and for no other", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.array(fc.oneof(fc.string(), fc.nat())), (scope, other, place) => {
        const cursor = encodeCursor(scope, place);
        expect(decodeCursor(scope, cursor)).toEqual(place);
        if (other !== scope) expect(() => decodeCursor(other, cursor)).toThrow(Problem);
      }),
    );
  });

  it("is refused when one of its characters was changed", () => {
    const cursor = encodeCursor("list", ["node-1"]);
    for (let at = 0; at < cursor.length; at++) {
      const changed = cursor.slice(0, at) + (cursor[at] === "x" ? "y" : "x") + cursor.slice(at + 1);
      expect(() => decodeCursor("list", changed)).toThrow(Problem);
    }
    for (const text of ["", "=", "%", "a".repeat(1_000)]) expect(() => decodeCursor("list", text)).toThrow(Problem);
  });
});
