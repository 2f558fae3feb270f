import { createRequire } from "node:module";
import fc from "fast-check";
import { expect, it } from "vitest";
import { type BindRequest, bindMessageChunks } from "../../../runtime/adapters/postgres/chunked-bind.ts";

const ofPg = createRequire(createRequire(import.meta.url).resolve("pg"));
const { serialize } = ofPg("pg-protocol") as { serialize: { bind(binding: BindRequest): Buffer } };

const name = fc.string({ maxLength: 20 }).map((text) => text.replaceAll("\0", ""));
const value = fc.oneof(
  fc.constant(null),
  fc.string({ unit: "binary" }),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  fc.integer({ min: 1_000, max: 5_000 }).map((length) => Buffer.alloc(length, length)),
);

it("is the message that pg would send, its large values apart", () => {
  const binding = fc.record({ portal: name, statement: name, binary: fc.boolean(), values: fc.array(value) });
  fc.assert(
    fc.property(binding, (given) => {
      const pieces = bindMessageChunks(given);
      expect(Buffer.concat(pieces).equals(serialize.bind(given))).toBe(true);
      for (const large of given.values)
        if (Buffer.isBuffer(large) && large.length >= 1_024) expect(pieces.includes(large)).toBe(true);
    }),
  );
});

it("leaves out what has no value, and maps values as it is told to", () => {
  const given = { values: [1, undefined], valueMapper: (from: unknown) => (from === undefined ? null : String(from)) };
  expect(Buffer.concat(bindMessageChunks(given)).equals(serialize.bind({ values: ["1", null] }))).toBe(true);
});
