import type { Claim } from "./kafka-assigner.ts";
import { isStillMember } from "./kafka-membership.ts";
import type { GroupMembership } from "./kafkajs-patches.ts";

export interface AssignmentListener {
  onAssigned(numbers: readonly number[]): void;
  onRevoked(): void;
}

/** The partitions that the group gave this process. They are announced once the group has confirmed by a heartbeat. */
export class KafkaAssignment {
  readonly #listener: AssignmentListener;
  #membership: GroupMembership | undefined;
  #claim: Omit<Claim, "memberId"> = { owned: [], generation: -1 };
  #isAnnounced = false;
  #isConfirming = false;
  /** Grows when an answer of the group that is still awaited no longer counts. */
  #revision = 0;
  #ended = false;

  constructor(listener: AssignmentListener) {
    this.#listener = listener;
  }

  /** What the group gave us last, whether we still have it or not: what we ask for when we join again. */
  get claim(): Omit<Claim, "memberId"> {
    return this.#claim;
  }

  get isAnnounced(): boolean {
    return this.#isAnnounced;
  }

  /** A new run of kafkajs would be a new member, and the group would wait until the old one's session has ended. */
  joining(membership: GroupMembership): void {
    if (membership !== this.#membership) membership.memberId ??= this.#membership?.memberId ?? null;
    this.#membership = membership;
  }

  joined(numbers: readonly number[]): void {
    this.revoke();
    this.#claim = { owned: numbers, generation: this.#membership?.generationId ?? -1 };
    void this.#confirmMembership();
  }

  /** kafkajs' own heartbeat was answered. */
  heartbeatAnswered(): void {
    // Our own heartbeat was answered that we are no member, and kafkajs' was not: the coordinator restarted in between.
    if (!this.#isAnnounced && !this.#isConfirming) void this.#confirmMembership();
  }

  reconfirm(): void {
    this.revoke();
    void this.#confirmMembership();
  }

  revoke(): void {
    this.#revision += 1;
    this.#isConfirming = false;
    if (!this.#isAnnounced) return;
    this.#isAnnounced = false;
    this.#listener.onRevoked();
  }

  /** The listener is not called any more. */
  end(): void {
    this.#ended = true;
    this.#isAnnounced = false;
    this.#revision += 1;
  }

  async #confirmMembership(): Promise<void> {
    const membership = this.#membership;
    if (membership === undefined || this.#ended) return;
    const revision = ++this.#revision;
    const isCurrent = (): boolean => revision === this.#revision;
    this.#isConfirming = true;
    const isMember = await isStillMember(membership, this.#claim.generation, isCurrent);
    if (!isCurrent()) return;
    this.#isConfirming = false;
    if (!isMember) return;
    this.#isAnnounced = true;
    this.#listener.onAssigned(this.#claim.owned);
  }
}
