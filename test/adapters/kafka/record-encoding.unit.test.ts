import { createRequire } from "node:module";
import fc from "fast-check";
import type { Message } from "kafkajs";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { crc32c } from "../../../runtime/adapters/kafka/crc32c.ts";
import { patchKafkajs } from "../../../runtime/adapters/kafka/kafkajs-patches.ts";
import {
  encodeProduce,
  type EncodedRequest,
  type ProduceRequest,
} from "../../../runtime/adapters/kafka/produce-request.ts";

interface Request {
  readonly apiVersion: number;
  encode(): Promise<EncodedRequest>;
}

const load = createRequire(import.meta.url);
const original = load("kafkajs/src/protocol/requests/produce/v7/request.js") as (request: ProduceRequest) => Request;
const originalCrc = load("kafkajs/src/protocol/recordBatch/crc32C/index.js") as (bytes: Buffer) => number;
const produce = load("kafkajs/src/protocol/requests/produce/index.js") as {
  protocol(wanted: { version: number }): (request: ProduceRequest) => { request: Request };
};
/** Looked up at each call, as kafkajs' broker does. */
const adapted = (request: ProduceRequest): Request => produce.protocol({ version: 7 })(request).request;

/** Empty, ASCII, all of Unicode, lone surrogates; around 64 and 8,192 the length of a length changes. */
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary", maxLength: 90 }),
  fc.constantFrom("\ud800", "a\udc00b"),
  fc.tuple(fc.constantFrom("x", "é", "𝒳"), fc.integer({ min: 30, max: 70 })).map(([of, count]) => of.repeat(count)),
);
const size = fc.oneof(fc.integer({ min: 0, max: 90 }), fc.integer({ min: 8_100, max: 8_200 }), fc.nat(40_000));
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((of) => Buffer.from(of)),
  size.map((length) => Buffer.alloc(length, "v")),
);
const content = fc.oneof(text, bytes);
const message: fc.Arbitrary<Message> = fc.record(
  { key: fc.option(content), value: fc.option(content), headers: fc.dictionary(text, content, { maxKeys: 14 }) },
  { requiredKeys: ["value"] },
);
const messages = fc.oneof(
  fc.array(message, { minLength: 1, maxLength: 6 }),
  // The encoded offset has a second byte from 64 on, and a third from 8,192 on.
  fc.tuple(message, fc.constantFrom(64, 66, 8_195)).map(([one, count]) => {
    const value = Buffer.from("small");
    return [one, ...Array.from({ length: count }, () => ({ value }))];
  }),
);
const partition = fc.record({
  partition: fc.oneof(fc.nat(200), fc.nat(200).map(String)),
  firstSequence: fc.constant(0),
  messages,
});
const topicData = fc.array(fc.record({ topic: text, partitions: fc.array(partition, { maxLength: 3 }) }), {
  maxLength: 3,
});
const requestOf = (data: ProduceRequest["topicData"]): ProduceRequest => {
  return { acks: -1, timeout: 10_000, compression: 0, producerId: -1, producerEpoch: 0, topicData: data };
};
const one = (more: Partial<Message> = {}): ProduceRequest =>
  requestOf([{ topic: "t", partitions: [{ partition: 3, firstSequence: 0, messages: [{ value: "v", ...more }] }] }]);

beforeEach(() => vi.spyOn(Date, "now").mockReturnValue(1_795_000_123_456));
afterEach(() => vi.restoreAllMocks());

it("encodes messages to the same bytes as kafkajs", async () => {
  await fc.assert(
    fc.asyncProperty(topicData, async (data) => {
      const theirs = await original(requestOf(data)).encode();
      const ours = encodeProduce(requestOf(data));
      expect(ours?.buffer.equals(theirs.buffer)).toBe(true);
    }),
    { numRuns: 150 },
  );
}, 60_000);

it("encodes records of each length near where the length's own size changes", async () => {
  const lengths = [...Array(140).keys(), ...Array.from({ length: 140 }, (_, i) => 8_100 + i)];
  for (const length of lengths) {
    const request = one({ value: Buffer.alloc(length, "v") });
    const theirs = await original(request).encode();
    expect(encodeProduce(request)?.buffer.equals(theirs.buffer), `${length} bytes`).toBe(true);
  }
});

const others: readonly [string, ProduceRequest][] = [
  ["a time of its own", one({ timestamp: "1795000000000" })],
  ["a repeated header", one({ headers: { a: ["1", "2"] } })],
  ["a transaction", { ...one(), transactionalId: "id", producerId: 7 }],
  ["an idempotent producer", { ...one(), producerId: 7 }],
  ["compression", { ...one(), compression: 1 }],
  ["a value of another type", one({ value: new Uint8Array([1]) as Buffer })],
];

it.each(others.slice(0, 4))("leaves %s to kafkajs", async (_, request) => {
  patchKafkajs();
  expect(encodeProduce(request)).toBeUndefined();
  const [ours, theirs] = [await adapted(request).encode(), await original(request).encode()];
  expect(ours.buffer.equals(theirs.buffer)).toBe(true);
});

it.each(others.slice(4))("does not encode %s", (_, request) => {
  expect(encodeProduce(request)).toBeUndefined();
});

it("replaces kafkajs' encoding and nothing else of the request", async () => {
  patchKafkajs();
  const [ours, theirs] = [adapted(one()), original(one())];
  expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort());
  expect(ours.apiVersion).toBe(7);
  const encoded = await ours.encode();
  expect(Object.keys(encoded)).toEqual(["buf", "buffer"]);
  expect(encoded).toEqual(encodeProduce(one()));
});

it("computes CRC-32C", () => {
  expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
  const any = fc.tuple(fc.uint8Array({ maxLength: 300 }), fc.nat(9));
  fc.assert(
    fc.property(any, ([content, offset]) => {
      const part = Buffer.from(content).subarray(offset);
      expect(crc32c(part)).toBe(originalCrc(part));
    }),
  );
});
