import { createRequire } from "node:module";
import fc from "fast-check";
import type { KafkaMessage } from "kafkajs";
import { expect, it } from "vitest";
import { toBusRecord } from "../../../runtime/adapters/kafka/kafka-delivery.ts";
import { patchKafkajs } from "../../../runtime/adapters/kafka/kafkajs-patches.ts";

type Headers = Readonly<Record<string, string | readonly string[]>>;
interface Decoder {
  readVarInt(): number;
}

const load = createRequire(import.meta.url);
const encode = load("kafkajs/src/protocol/recordBatch/record/v0/index.js") as (record: object) => { buffer: Buffer };
const decode = load("kafkajs/src/protocol/recordBatch/record/v0/decoder.js") as (
  from: Decoder,
  batch: object,
) => object;
const DecoderOf = load("kafkajs/src/protocol/decoder.js") as new (bytes: Buffer) => Decoder;

function decoded(bytes: Buffer): Readonly<Record<string, Buffer>> {
  const decoder = new DecoderOf(bytes);
  decoder.readVarInt();
  return toBusRecord("t", 0, decode(decoder, { firstOffset: 0, firstTimestamp: 0 }) as KafkaMessage, 0).headers;
}
/** As kafkajs reads them: all values of a repeated header in an array. */
const lastValues = (headers: object): object =>
  Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, Array.isArray(value) ? value.at(-1) : value]));
const encoded = (headers: Headers): Buffer =>
  encode({ offsetDelta: 0, timestampDelta: 0, key: "k", value: "v", headers }).buffer;

const name = fc.oneof(fc.string(), fc.constantFrom("__proto__", "toString", "constructor", "", "7"));
const examples = fc
  .sample(fc.dictionary(name, fc.oneof(fc.string(), fc.array(fc.string(), { minLength: 1, maxLength: 3 }))), 300)
  .map(encoded);
// Kept before kafkajs is patched, which can't be undone.
const asKafkajsDoes = examples.map((example) => lastValues(decoded(example)));
patchKafkajs();

it("a record's headers are those that kafkajs reads, with the last value of a repeated one", () => {
  expect(examples.map(decoded)).toEqual(asKafkajsDoes);
});

it("a record of 100,000 headers, or of one header 100,000 times, is read within its time limit", () => {
  const many = encoded(Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`h${i}`, ""])));
  const same = encoded({ same: Array.from({ length: 100_000 }, (_, i) => String(i)) });
  const before = process.cpuUsage();
  expect(Object.keys(decoded(many))).toHaveLength(100_000);
  expect(String(decoded(same)["same"])).toBe("99999");
  expect(process.cpuUsage(before).user).toBeLessThan(2_000_000);
}, 60_000);
