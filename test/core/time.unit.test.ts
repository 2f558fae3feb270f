import fc from "fast-check";
import { expect, it } from "vitest";
import { toRfc3339 } from "../../runtime/core/time.ts";

const EARLIEST = Date.parse("0000-01-01T00:00:00.000Z");
const LATEST = Date.parse("9999-12-31T23:59:59.999Z");

it("formats as Date does, in whatever order times come", () => {
  const near = fc.integer({ min: -100_000, max: 100_000 }).map((ms) => Date.parse("2026-03-01T00:00:00Z") + ms);
  const time = fc.oneof(
    near,
    near,
    fc.integer({ min: EARLIEST, max: LATEST }),
    fc.double({ min: EARLIEST, max: LATEST, noNaN: true }),
  );
  fc.assert(
    fc.property(fc.array(time, { maxLength: 200 }), (times) => {
      for (const ms of times) expect(toRfc3339(ms)).toBe(new Date(ms).toISOString());
    }),
  );
});

it("formats each millisecond of a second", () => {
  for (let ms = -1_000; ms < 1_000; ms++) expect(toRfc3339(ms)).toBe(new Date(ms).toISOString());
});

it("formats every number", () => {
  expect([NaN, -Infinity, Infinity, EARLIEST - 1, LATEST + 1].map(toRfc3339)).toEqual([
    "1970-01-01T00:00:00.000Z",
    "0000-01-01T00:00:00.000Z",
    "9999-12-31T23:59:59.999Z",
    "0000-01-01T00:00:00.000Z",
    "9999-12-31T23:59:59.999Z",
  ]);
});
