import fc from "fast-check";
import { validate, version } from "uuid";
import { describe, expect, it } from "vitest";
import { seenKey } from "../../runtime/stored/seen.ts";

const message = fc.record({ entityId: fc.string(), type: fc.string(), id: fc.uuid() });
const timed = fc.uuid({ version: 7 });

describe("the key under which a message is known", () => {
  it("is a UUID of all that tells messages apart", () =>
    fc.assert(
      fc.property(message, message, (one, other) => {
        expect(validate(seenKey("things", one))).toBe(true);
        const isSame = (["entityId", "type", "id"] as const).every((name) => one[name] === other[name]);
        expect(seenKey("things", one) === seenKey("things", other)).toBe(isSame);
        expect(seenKey("others", one)).not.toBe(seenKey("things", one));
        for (const name of ["entityId", "type"] as const)
          expect(seenKey("things", { ...one, [name]: `${one[name]}.` })).not.toBe(seenKey("things", one));
      }),
    ));

  it("begins with the time that the message's id begins with, and is in its order", () =>
    fc.assert(
      fc.property(message, timed, timed, (of, one, other) => {
        const [a, b] = [one, other].map((id) => seenKey("things", { ...of, id })) as [string, string];
        expect(a.slice(0, 15)).toBe(one.slice(0, 15));
        if (one.slice(0, 13) !== other.slice(0, 13)) expect(a < b).toBe(one < other);
      }),
    ));

  it("is in no order when the id has no time", () =>
    expect(version(seenKey("things", { entityId: "e", type: "T", id: "9c5b94b1-35ad-49bb-b118-8e8fc24abf80" }))).toBe(
      5,
    ));
});
