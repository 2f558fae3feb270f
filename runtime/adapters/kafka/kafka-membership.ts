import { setTimeout as sleep } from "node:timers/promises";
import { errorTypesOf } from "./kafka-faults.ts";
import type { GroupMembership } from "./kafkajs-patches.ts";

/** The group's answers to a heartbeat of a process that is no member, or not in this generation. */
const notMemberErrors = [
  "REBALANCE_IN_PROGRESS",
  "ILLEGAL_GENERATION",
  "UNKNOWN_MEMBER_ID",
  "FENCED_INSTANCE_ID",
  "NOT_COORDINATOR_FOR_GROUP",
];
const backoffMs = 250;

/**
 * Sends a heartbeat of our own, so that the answer is from after the call and does not wait for kafkajs' interval.
 * Resolves to false when we are no member: kafkajs then joins again at its next heartbeat, which is made due at once.
 * @param generation in which our partitions were assigned; the membership's own is ahead of it while joining again
 * @param shouldContinue false ends the attempts; the result is then false
 */
export async function isStillMember(
  membership: GroupMembership,
  generation: number,
  shouldContinue: () => boolean,
): Promise<boolean> {
  const isCurrent = (): boolean => shouldContinue() && membership.generationId === generation;
  while (isCurrent()) {
    const { groupId, memberId, coordinator } = membership;
    if (memberId === null) return false;
    try {
      await coordinator.heartbeat({ groupId, memberId, groupGenerationId: generation });
      return isCurrent() && membership.memberId === memberId;
    } catch (error) {
      // kafkajs' interval begins at this time; 0 makes its next heartbeat due at once.
      membership.lastRequest = 0;
      if (errorTypesOf(error).some((type) => notMemberErrors.includes(type))) return false;
    }
    await sleep(backoffMs);
  }
  return false;
}
