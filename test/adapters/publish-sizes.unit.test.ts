import fc from "fast-check";
import { expect, it } from "vitest";
import {
  assertMessageSizes,
  PARTITION_BYTES_MAX,
  splitIntoCalls,
  topicPartitionName,
} from "../../runtime/adapters/publish-sizes.ts";

const message = fc.record({
  topic: fc.constantFrom("a", "b"),
  partition: fc.nat(2),
  key: fc.constant(Buffer.from("key")),
  value: fc.nat(700).map((bytes) => Buffer.alloc(bytes)),
  headers: fc.constant({}),
});

it("splits messages that are too many bytes for a partition, in order and without loss", () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 30 }), (messages) => {
      const calls = splitIntoCalls(messages, 1_000);
      expect(calls.flat()).toEqual(messages);
      for (const call of calls) {
        expect(call.length).toBeGreaterThan(0);
        for (const place of new Set(call.map(topicPartitionName))) {
          const ofPlace = call.filter((each) => topicPartitionName(each) === place);
          const bytes = ofPlace.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
          if (ofPlace.length > 1) expect(bytes).toBeLessThanOrEqual(1_000);
        }
      }
    }),
  );
});

it("makes one call of messages that fit, for any number of partitions", () => {
  const messages = [0, 1, 2, 0, 1, 2].map((partition) => {
    return { topic: "t", partition, key: null, value: Buffer.alloc(400), headers: {} };
  });
  expect(splitIntoCalls(messages, 1_000)).toEqual([messages]);
});

it("refuses a message over the limit, counting its key and headers", () => {
  const ofSize = (bytes: number) => {
    return { topic: "t", partition: 3, key: Buffer.alloc(bytes), value: Buffer.alloc(bytes), headers: { h: "v" } };
  };
  const half = PARTITION_BYTES_MAX / 2;
  expect(() => assertMessageSizes([ofSize(half - 100), ofSize(half - 100)])).not.toThrow();
  expect(() => assertMessageSizes([ofSize(1), ofSize(half)])).toThrow(/is too large for t\[3\]/);
});
