import type { Clock } from "../../ports/clock.ts";
import type { Claim } from "./kafka-assigner.ts";
import { isStillMember } from "./kafka-membership.ts";
import type { GroupMembership } from "./kafkajs-patches.ts";

export interface AssignmentListener {
  onAssigned(numbers: readonly number[]): void;
  onRevoked(): void;
}

/** What the group gave this process. It is ours, and announced, when the group has confirmed it by a heartbeat. */
export class KafkaAssignment {
  readonly #clock: Clock;
  readonly #listener: AssignmentListener;
  #membership: GroupMembership | undefined;
  #claim: Omit<Claim, "memberId"> = { owned: [], generation: -1 };
  #isAnnounced = false;
  #isConfirming = false;
  /** Counts what makes an earlier answer of the group worthless. */
  #revision = 0;
  #lastHeartbeatMs: number;
  #ended = false;

  constructor(clock: Clock, listener: AssignmentListener) {
    this.#clock = clock;
    this.#listener = listener;
    this.#lastHeartbeatMs = clock.monotonicMs();
  }

  /** What the group gave us last, ours or not: what we ask for when we join again. */
  get claim(): Omit<Claim, "memberId"> {
    return this.#claim;
  }

  get isAnnounced(): boolean {
    return this.#isAnnounced;
  }

  /** How long the group has not answered a heartbeat. */
  get msSinceHeartbeat(): number {
    return this.#clock.monotonicMs() - this.#lastHeartbeatMs;
  }

  /** A new run of kafkajs is a new member, and the group would wait for the old one until its session has ended. */
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
    this.#lastHeartbeatMs = this.#clock.monotonicMs();
    // We were told that we are no member, and kafkajs was not: the coordinator went and came back in between.
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

  /** Nothing is told any more. */
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
    this.#lastHeartbeatMs = this.#clock.monotonicMs();
    this.#isAnnounced = true;
    this.#listener.onAssigned(this.#claim.owned);
  }
}
