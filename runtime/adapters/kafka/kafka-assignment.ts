import { setTimeout as sleep } from "node:timers/promises";
import type { BusListener } from "../../ports/event-bus.ts";
import type { LastAssignment } from "./kafka-assigner.ts";
import { errorTypesOf } from "./kafka-faults.ts";
import type { GroupMembership } from "./kafkajs-patches.ts";

/** Errors by which the group says that the sender of a heartbeat is no member, or not in this generation. */
const notMemberErrors = [
  "REBALANCE_IN_PROGRESS",
  "ILLEGAL_GENERATION",
  "UNKNOWN_MEMBER_ID",
  "FENCED_INSTANCE_ID",
  "NOT_COORDINATOR_FOR_GROUP",
];
const backoffMs = 250;

/**
 * The partitions that the group assigned to this process. The listener gets them only after a heartbeat has shown that
 * the process is still a member.
 */
export class KafkaAssignment {
  readonly #listener: Pick<BusListener, "onAssigned" | "onRevoked">;
  #membership: GroupMembership | undefined;
  #last: Omit<LastAssignment, "memberId"> = { owned: [], generation: -1 };
  #state: "revoked" | "confirming" | "assigned" = "revoked";
  /** Increased to invalidate a confirmation that is still awaited. */
  #revision = 0;
  #ended = false;

  constructor(listener: Pick<BusListener, "onAssigned" | "onRevoked">) {
    this.#listener = listener;
  }

  /** Whether or not it is still valid: the process states it when it joins again, to keep the same partitions. */
  get last(): Omit<LastAssignment, "memberId"> {
    return this.#last;
  }

  /** Whether the listener has the partitions. */
  get isAssigned(): boolean {
    return this.#state === "assigned";
  }

  /** A new run of kafkajs keeps the member id: as a new member it would wait until the old one's session ends. */
  joining(membership: GroupMembership): void {
    if (membership !== this.#membership) membership.memberId ??= this.#membership?.memberId ?? null;
    this.#membership = membership;
  }

  joined(numbers: readonly number[]): void {
    this.#last = { owned: numbers, generation: this.#membership?.generationId ?? -1 };
    this.reconfirm();
  }

  /** kafkajs' own heartbeat was answered. */
  heartbeatAnswered(): void {
    // The group refused our own heartbeat and accepts kafkajs': in between the coordinator has restarted.
    if (this.#state === "revoked") void this.#confirm();
  }

  reconfirm(): void {
    this.revoke();
    void this.#confirm();
  }

  revoke(): void {
    const wasAssigned = this.isAssigned;
    this.#revision += 1;
    this.#state = "revoked";
    if (wasAssigned) this.#listener.onRevoked();
  }

  /** The listener is not called any more. */
  end(): void {
    this.#ended = true;
    this.#state = "revoked";
    this.#revision += 1;
  }

  async #confirm(): Promise<void> {
    const membership = this.#membership;
    if (membership === undefined || this.#ended) return;
    const { owned, generation } = this.#last;
    const revision = ++this.#revision;
    this.#state = "confirming";
    const isMember = await isStillMember(membership, generation, () => revision === this.#revision);
    if (revision !== this.#revision) return;
    this.#state = isMember ? "assigned" : "revoked";
    if (isMember) this.#listener.onAssigned(owned);
  }
}

/**
 * Sends a heartbeat of our own, so that the answer is from after the call and does not wait for kafkajs' interval.
 * Resolves to false when we are no member: kafkajs then joins again at its next heartbeat, which is made due at once.
 * @param generation in which our partitions were assigned; the membership's own is ahead of it while joining again
 * @param shouldContinue false ends the attempts; the result is then false
 */
async function isStillMember(
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
