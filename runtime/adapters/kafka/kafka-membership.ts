import { setTimeout as sleep } from "node:timers/promises";
import { errorTypesOf } from "./kafka-faults.ts";
import type { GroupMembership } from "./kafkajs-patches.ts";

/** What the group answers to one that is not, or not in this generation, a member. */
const notMemberErrors = [
  "REBALANCE_IN_PROGRESS",
  "ILLEGAL_GENERATION",
  "UNKNOWN_MEMBER_ID",
  "FENCED_INSTANCE_ID",
  "NOT_COORDINATOR_FOR_GROUP",
];
const backoffMs = 250;

/**
 * Asks the group by a heartbeat of our own, begun after the call, so that neither an answer that is under way nor the
 * interval counts. Resolves to false when we are no member: kafkajs then joins again at its next heartbeat, which is
 * made due.
 * @param generation in which we were given what we have; the membership's own is ahead of it while joining again
 * @param shouldContinue false ends the asking, with the answer false
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
      // The interval counts from here; 0 makes the next heartbeat due.
      membership.lastRequest = 0;
      if (errorTypesOf(error).some((type) => notMemberErrors.includes(type))) return false;
    }
    await sleep(backoffMs);
  }
  return false;
}
