import fc from "fast-check";
import { Partitioners } from "kafkajs";
import { expect, it } from "vitest";
import { partitionOf } from "../../runtime/core/murmur2.ts";

it("gives every key the partition of Kafka's default partitioner", () => {
  const partitioner = Partitioners.DefaultPartitioner();
  const partitionMetadata = Array.from({ length: 12 }, (_, partitionId) => ({ partitionId, leader: 1 }));
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: "grapheme" }), (key) => {
      const theirs = partitioner({
        topic: "t",
        partitionMetadata: partitionMetadata as never,
        message: { key: Buffer.from(key), value: "" },
      });
      expect(partitionOf(key, 12)).toBe(theirs);
    }),
  );
});
