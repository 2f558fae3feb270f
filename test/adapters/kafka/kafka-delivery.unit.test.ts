import { beforeEach, describe, expect, it } from "vitest";
import { KafkaDelivery } from "../../../runtime/adapters/kafka/kafka-delivery.ts";

const at = (offset: number, partition = 0) => ({ topic: "t", partition, offset });

describe("delivery", () => {
  let delivery: KafkaDelivery;
  beforeEach(() => {
    delivery = new KafkaDelivery();
    delivery.start(0, new Map([["t", 10]]));
  });

  it("begins at the position and continues after it", () => {
    expect(delivery.decide(at(10))).toEqual({ kind: "deliver" });
    delivery.advance(at(10), 14, 15);
    expect(delivery.decide(at(15))).toEqual({ kind: "deliver" });
  });

  it("drops records of a partition that was not started, is paused or was revoked", () => {
    expect(delivery.decide(at(10, 1))).toEqual({ kind: "drop" });
    delivery.pause([0]);
    expect(delivery.decide(at(10))).toEqual({ kind: "drop" });
    delivery.resume([0]);
    expect(delivery.decide(at(10))).toEqual({ kind: "deliver" });
    delivery.clear();
    expect(delivery.decide(at(10))).toEqual({ kind: "drop" });
  });

  it("sets the position again for records that were fetched for an earlier one", () => {
    delivery.advance(at(10), 99, 100);
    delivery.start(0, new Map([["t", 20]]));
    expect(delivery.decide(at(100))).toEqual({ kind: "seek", offset: 20 });
    expect(delivery.decide(at(20))).toEqual({ kind: "deliver" });
  });

  it("reports a lost position when the fetched offset is another one twice", () => {
    expect(delivery.decide(at(50)).kind).toBe("seek");
    expect(delivery.decide(at(50)).kind).toBe("out_of_range");
  });

  it("continues after records that are not readable", () => {
    delivery.skip("t", 0, 10, 11);
    delivery.skip("t", 0, 12, 12);
    expect(delivery.decide(at(13))).toEqual({ kind: "deliver" });
  });

  it("continues after a gap of compaction, after one more try", () => {
    delivery.skip("t", 0, 12, 13);
    expect(delivery.decide(at(14))).toEqual({ kind: "seek", offset: 10 });
    delivery.skip("t", 0, 12, 13);
    expect(delivery.decide(at(14))).toEqual({ kind: "deliver" });
  });

  it("continues where compaction left nothing of a batch", () => {
    delivery.skip("t", 0, null, 10);
    expect(delivery.decide(at(11))).toEqual({ kind: "deliver" });
  });

  it("pauses and resumes only started partitions", () => {
    expect(delivery.pause([0, 1])).toEqual([0]);
    expect(delivery.resume([1])).toEqual([]);
  });
});

describe("the end of the log for a reader", () => {
  it("is after the last record when only markers follow, else the broker's end", () => {
    const delivery = new KafkaDelivery();
    expect(delivery.visibleEnd("t", 0, 7)).toBe(7);
    delivery.start(0, new Map([["t", 3]]));
    expect(delivery.visibleEnd("t", 0, 7)).toBe(7);
    delivery.advance(at(3), 5, 6);
    delivery.skip("t", 0, 6, 6);
    expect(delivery.visibleEnd("t", 0, 7)).toBe(6);
    expect(delivery.visibleEnd("t", 0, 8)).toBe(8);
    delivery.advance(at(7), 7, 8);
    expect(delivery.visibleEnd("t", 0, 8)).toBe(8);
  });
});
