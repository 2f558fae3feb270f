import { AssignerProtocol, type Assigner, type Cluster, type GroupMember } from "kafkajs";

const { MemberMetadata, MemberAssignment } = AssignerProtocol;

/** The partitions that a member had last. It sends them when it joins again, so that it can keep them. */
export interface LastAssignment {
  readonly memberId: string;
  /** The partition numbers that the member had in that generation of the group. */
  readonly owned: readonly number[];
  readonly generation: number;
}

/**
 * Distributes the partition numbers 0 to `partitionCount - 1` evenly and deterministically. A member keeps what it had
 * as far as its share allows. Of two members that had the same number, the one with the later generation keeps it.
 */
export function assignPartitions(
  lastAssignments: readonly LastAssignment[],
  partitionCount: number,
): ReadonlyMap<string, readonly number[]> {
  const assigned = new Map<string, number[]>(
    [...lastAssignments].sort(byMemberId).map(({ memberId }) => [memberId, []]),
  );
  const free: number[] = [];
  for (let number = 0; number < partitionCount; number += 1) {
    const [latest] = lastAssignments.filter(({ owned }) => owned.includes(number)).sort(byGenerationDown);
    (assigned.get(latest?.memberId ?? "") ?? free).push(number);
  }
  const shares = sharesOf(assigned, partitionCount);
  for (const [memberId, numbers] of assigned) free.push(...numbers.splice(shares.get(memberId) ?? 0));
  free.sort((a, b) => a - b);
  for (const [memberId, numbers] of assigned) {
    numbers.push(...free.splice(0, (shares.get(memberId) ?? 0) - numbers.length));
    numbers.sort((a, b) => a - b);
  }
  return assigned;
}

const byMemberId = (a: LastAssignment, b: LastAssignment): number => (a.memberId < b.memberId ? -1 : 1);
const byGenerationDown = (a: LastAssignment, b: LastAssignment): number =>
  b.generation - a.generation || byMemberId(a, b);

/** Where the numbers don't divide evenly, the members that have most already get one more: fewer partitions move. */
function sharesOf(assigned: ReadonlyMap<string, readonly number[]>, partitionCount: number): Map<string, number> {
  const least = Math.floor(partitionCount / assigned.size);
  const more = partitionCount % assigned.size;
  const byCountDown = [...assigned].sort(([, a], [, b]) => b.length - a.length);
  return new Map(byCountDown.map(([memberId], index) => [memberId, least + (index < more ? 1 : 0)]));
}

/**
 * Gives a partition number of all topics to the same member: an entity has the same number in each topic and must have
 * one writer. kafkajs' own assigner distributes the partitions of each topic independently.
 * @param current what this member had last
 */
export function coPartitionedAssigner(cluster: Cluster, current: () => Omit<LastAssignment, "memberId">): Assigner {
  const version = 0;
  const name = "rollcall-co-partitioned";
  return {
    name,
    version,
    protocol: ({ topics }) => ({
      name,
      metadata: MemberMetadata.encode({ version, topics, userData: Buffer.from(JSON.stringify(current())) }),
    }),

    async assign({ members }) {
      const subscriptions = members.map(subscriptionOf);
      const topics = [...new Set(subscriptions.flatMap((subscription) => subscription.topics))];
      // While a new version is rolled out, members may read topics that the group's leader does not read itself.
      await cluster.addMultipleTargetTopics(topics);
      const counts = new Map(topics.map((topic) => [topic, cluster.findTopicPartitionMetadata(topic).length]));
      const assigned = assignPartitions(
        subscriptions.map(({ lastAssignment }) => lastAssignment),
        Math.max(0, ...counts.values()),
      );
      return subscriptions.map(({ lastAssignment: { memberId }, topics: wanted }) => {
        const numbers = assigned.get(memberId) ?? [];
        const assignment = Object.fromEntries(
          wanted.map((topic) => [topic, numbers.filter((number) => number < (counts.get(topic) ?? 0))]),
        );
        const userData = Buffer.alloc(0);
        return { memberId, memberAssignment: MemberAssignment.encode({ version, assignment, userData }) };
      });
    },
  };
}

/** A last assignment that can't be read counts as empty: such a member still gets its share. */
function subscriptionOf({ memberId, memberMetadata }: GroupMember): {
  lastAssignment: LastAssignment;
  topics: readonly string[];
} {
  const { topics = [], userData } = MemberMetadata.decode(memberMetadata) ?? {};
  try {
    const { owned, generation } = JSON.parse(String(userData)) as Partial<LastAssignment>;
    if (Array.isArray(owned) && typeof generation === "number")
      return { lastAssignment: { memberId, owned, generation }, topics };
  } catch {
    // Treated as empty, below.
  }
  return { lastAssignment: { memberId, owned: [], generation: -1 }, topics };
}

/** The numbers that are assigned in every one of the topics. */
export function partitionsInEveryTopic(
  topics: readonly string[],
  assignment: Readonly<Record<string, readonly number[]>>,
): number[] {
  const [first = [], ...others] = topics.map((topic) => assignment[topic] ?? []);
  return first.filter((number) => others.every((numbers) => numbers.includes(number))).sort((a, b) => a - b);
}
