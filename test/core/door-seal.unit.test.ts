import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Door } from "../../runtime/core/door.ts";
import {
  DOOR_AGE_MAX_MS,
  type DoorKey,
  doorKeyId,
  type DoorMessage,
  doorOf,
  LOADED_BYTES_MAX,
  openDoor,
  sealAgain,
  sealDoor,
} from "../../runtime/core/door-seal.ts";

const secret = fc.uint8Array({ minLength: 32, maxLength: 32 });
const key: fc.Arbitrary<DoorKey> = fc.record({ id: fc.integer({ min: 1, max: 999_999_999 }), secret });
const words = fc.array(fc.string(), { maxLength: 4 });
const door: fc.Arbitrary<Door> = fc.record(
  {
    caller: fc.record({ id: fc.string(), roles: words, permissions: words, privileged: fc.boolean() }),
    loaded: fc.dictionary(
      fc.string({ minLength: 1 }).filter((name) => name !== "__proto__"),
      fc.string(),
    ),
    operation: fc.string(),
    if_match: fc.nat(),
  },
  { requiredKeys: ["caller", "loaded", "operation"] },
);
const message: fc.Arbitrary<DoorMessage> = fc.record({
  ...{ domain: fc.string(), type: fc.string(), id: fc.string(), entityId: fc.string() },
  value: fc.uint8Array({ maxLength: 200 }),
});
const atMs = fc.integer({ min: 0, max: 4_102_444_800_000 });

const opened = (keys: readonly DoorKey[], header: string, of: DoorMessage, brokerTimeMs: number) => {
  const found = openDoor(keys, header, of.value, brokerTimeMs);
  return "problem" in found ? found.problem : (doorOf(found.sealed, of) ?? "other_message");
};

describe("a sealed door", () => {
  it("opens for its message, with any key that is still valid", () =>
    fc.assert(
      fc.property(key, key, door, message, atMs, (one, other, sealed, of, at) => {
        fc.pre(one.id !== other.id);
        const header = sealDoor(one, sealed, of, at);
        expect(opened([other, one], header, of, at)).toEqual(sealed);
        expect(opened([one], header, of, at + DOOR_AGE_MAX_MS)).toEqual(sealed);
        expect(doorKeyId(header)).toBe(one.id);
      }),
    ));

  it("opens for no other message: not another domain, type, id, entity or payload", () =>
    fc.assert(
      fc.property(key, door, message, message, atMs, (one, sealed, of, other, at) => {
        const header = sealDoor(one, sealed, of, at);
        for (const part of ["domain", "type", "id", "entityId"] as const) {
          fc.pre(of[part] !== other[part]);
          expect(opened([one], header, { ...of, [part]: other[part] }, at)).toBe("other_message");
        }
        const value = Uint8Array.from([...of.value, 0]);
        expect(opened([one], header, { ...of, value }, at)).toBe("other_message");
      }),
    ));

  it("opens no more after 10 minutes, nor before it was sealed, but for 30 s of a clock", () =>
    fc.assert(
      fc.property(key, door, message, atMs, fc.nat(), (one, sealed, of, at, later) => {
        const header = sealDoor(one, sealed, of, at);
        expect(opened([one], header, of, at + DOOR_AGE_MAX_MS + 1 + later)).toBe("too_old");
        expect(opened([one], header, of, at - 30_000)).toEqual(sealed);
        expect(opened([one], header, of, at - 30_001 - later)).toBe("ahead");
      }),
    ));

  it("opens with no other secret, and no key of another id", () =>
    fc.assert(
      fc.property(key, secret, door, message, atMs, (one, other, sealed, of, at) => {
        fc.pre(Buffer.compare(one.secret, other) !== 0);
        const header = sealDoor(one, sealed, of, at);
        expect(opened([{ ...one, secret: other }], header, of, at)).toBe("forged");
        expect(opened([{ ...one, id: one.id + 1 }], header, of, at)).toBe("unknown_key");
        expect(opened([], header, of, at)).toBe("unknown_key");
      }),
    ));

  it("is forged with any character changed, left out or added", () =>
    fc.assert(
      fc.property(key, door, message, atMs, fc.nat(), fc.string({ maxLength: 2 }), (one, sealed, of, at, n, by) => {
        const header = sealDoor(one, sealed, of, at);
        const place = n % header.length;
        const changed = header.slice(0, place) + by + header.slice(place + 1);
        // The last character of a base64 text has bits to spare: another one may mean the same bytes.
        fc.pre(changed !== header && place < header.length - 1);
        expect(typeof opened([one], changed, of, at)).toBe("string");
      }),
    ));

  it("can be sealed again for the same message, published once more", () =>
    fc.assert(
      fc.property(key, key, door, message, atMs, (one, other, sealed, of, at) => {
        const first = openDoor([one], sealDoor(one, sealed, of, at), of.value, at);
        if ("problem" in first) throw new Error(first.problem);
        const later = at + 10 * DOOR_AGE_MAX_MS;
        expect(opened([other], sealAgain(other, first.sealed, later), of, later)).toEqual(sealed);
      }),
    ));
});

const one: DoorKey = { id: 7, secret: new Uint8Array(32) };
const nobody = { caller: { id: "", roles: [], permissions: [], privileged: false }, operation: "op" };
const of: DoorMessage = { domain: "d", type: "T", id: "m", entityId: "e", value: new Uint8Array() };

describe("what anyone may send as a header", () => {
  it("is no door, and never an error", () =>
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
        expect(openDoor([one], text, of.value, 0)).toEqual({ problem: "malformed" });
        expect(doorKeyId(text)).toBeUndefined();
      }),
    ));

  it.each(["", "1.7..", `1.7.e30.${"A".repeat(43)}`, "1.".repeat(100_000), `1.7.${"A".repeat(1_000_000)}.x`])(
    "of the right form too (%#)",
    (text) => expect(openDoor([one], text, of.value, 0)).toHaveProperty("problem"),
  );
});

describe("what is loaded", () => {
  const ofBytes = (bytes: number) => ({ view: "x".repeat(bytes - JSON.stringify({ view: "" }).length) });

  it("has at most 16 KiB", () => {
    const full = { ...nobody, loaded: ofBytes(LOADED_BYTES_MAX) };
    expect(opened([one], sealDoor(one, full, of, 0), of, 0)).toEqual(full);
    expect(() => sealDoor(one, { ...nobody, loaded: ofBytes(LOADED_BYTES_MAX + 1) }, of, 0)).toThrow(RangeError);
  });

  it("is not the only thing that may be too large for a header", () => {
    const caller = { ...nobody.caller, roles: ["x".repeat(40_000)] };
    expect(() => sealDoor(one, { ...nobody, caller, loaded: {} }, of, 0)).toThrow(/at most 49152/);
  });
});
