import fc from "fast-check";
import { AssignerProtocol, type Cluster, type GroupMember } from "kafkajs";
import { describe, expect, it } from "vitest";
import {
  assignPartitions,
  partitionsInEveryTopic,
  coPartitionedAssigner,
  type LastAssignment,
} from "../../../runtime/adapters/kafka/kafka-assigner.ts";

const newcomer = (memberId: string): LastAssignment => ({ memberId, owned: [], generation: -1 });

const lastAssignments = fc
  .uniqueArray(fc.string({ minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 7 })
  .chain((ids) =>
    fc.tuple(
      ...ids.map((memberId) =>
        fc.record({
          memberId: fc.constant(memberId),
          owned: fc.uniqueArray(fc.integer({ min: 0, max: 30 })),
          generation: fc.integer({ min: -1, max: 5 }),
        }),
      ),
    ),
  );
const count = fc.integer({ min: 0, max: 25 });

describe("sharing partition numbers", () => {
  it("gives every number to exactly one member, evenly, for any last assignments", () => {
    fc.assert(
      fc.property(lastAssignments, count, (members, partitionCount) => {
        const shares = [...assignPartitions(members, partitionCount).values()];
        expect(shares.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: partitionCount }, (_, n) => n));
        const sizes = shares.map((numbers) => numbers.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("gives the same result for any order of the members", () => {
    fc.assert(
      fc.property(lastAssignments, count, (members, partitionCount) => {
        const reversed = assignPartitions([...members].reverse(), partitionCount);
        expect(new Map(reversed)).toEqual(new Map(assignPartitions(members, partitionCount)));
      }),
    );
  });

  it("changes nothing when all members still have what they were assigned", () => {
    fc.assert(
      fc.property(lastAssignments, count, (members, partitionCount) => {
        const before = assignPartitions(members, partitionCount);
        const back = members.map(({ memberId }) => ({ memberId, owned: before.get(memberId) ?? [], generation: 9 }));
        expect(new Map(assignPartitions(back, partitionCount))).toEqual(new Map(before));
      }),
    );
  });

  it("takes from a member only what exceeds its share", () => {
    const alone = { memberId: "a", owned: [0, 1, 2, 3, 4], generation: 1 };
    const shared = assignPartitions([alone, newcomer("b")], 5);
    expect(shared.get("a")).toEqual([0, 1, 2]);
    expect(shared.get("b")).toEqual([3, 4]);
  });

  it("prefers the later generation of two members that had the same number", () => {
    const stale = { memberId: "a", owned: [0, 1], generation: 3 };
    const current = { memberId: "b", owned: [0, 1], generation: 4 };
    expect(assignPartitions([stale, current], 2).get("b")).toEqual([0]);
    expect(assignPartitions([stale, current, newcomer("c")], 2).get("b")).toEqual([0]);
  });
});

describe("the assigner", () => {
  const { MemberAssignment, MemberMetadata } = AssignerProtocol;
  const counts: Readonly<Record<string, number>> = { acks: 4, beats: 4, news: 4 };
  const cluster = {
    addMultipleTargetTopics: () => Promise.resolve(),
    findTopicPartitionMetadata: (topic: string) =>
      Array.from({ length: counts[topic] ?? 0 }, (_, partitionId) => ({ partitionId })),
  } as unknown as Cluster;

  const member = (memberId: string, topics: string[], owned: readonly number[] = []): GroupMember => {
    const { metadata } = coPartitionedAssigner(cluster, () => ({ owned, generation: 1 })).protocol({ topics });
    return { memberId, memberMetadata: metadata };
  };
  const assign = async (...members: GroupMember[]) => {
    const assigner = coPartitionedAssigner(cluster, () => ({ owned: [], generation: -1 }));
    const assigned = await assigner.assign({ members, topics: ["acks"] });
    return new Map(
      assigned.map(({ memberId, memberAssignment }) => [
        memberId,
        MemberAssignment.decode(memberAssignment)?.assignment ?? {},
      ]),
    );
  };

  it("gives a number of all topics to one member", async () => {
    const assigned = await assign(member("a", ["acks", "beats"]), member("b", ["acks", "beats"]));
    expect(assigned.get("a")).toEqual({ acks: [0, 1], beats: [0, 1] });
    expect(assigned.get("b")).toEqual({ acks: [2, 3], beats: [2, 3] });
  });

  it("lets members keep what they had", async () => {
    const assigned = await assign(member("a", ["acks"], [1, 3]), member("b", ["acks"], [0, 2]));
    expect(assigned.get("a")).toEqual({ acks: [1, 3] });
  });

  it("gives each member the topics that it reads, also those that the leader does not read", async () => {
    const assigned = await assign(member("a", ["acks"]), member("b", ["acks", "news"]));
    expect(assigned.get("a")).toEqual({ acks: [0, 1] });
    expect(assigned.get("b")).toEqual({ acks: [2, 3], news: [2, 3] });
  });

  it("treats a last assignment that it can't read as empty", async () => {
    const odd = { version: 0, topics: ["acks"], userData: Buffer.from("{") };
    const assigned = await assign({ memberId: "a", memberMetadata: MemberMetadata.encode(odd) });
    expect(assigned.get("a")).toEqual({ acks: [0, 1, 2, 3] });
  });

  it("uses only the numbers that are assigned in every topic", () => {
    expect(partitionsInEveryTopic(["a", "b"], { a: [2, 0, 1], b: [1, 2, 3] })).toEqual([1, 2]);
    expect(partitionsInEveryTopic(["a", "b"], { a: [0] })).toEqual([]);
  });
});
