import { summarizeLatencies, type LatencySummary } from "./latencies.ts";
import type { NodeMessage } from "./messages.ts";
import { RollcallNode } from "./rollcall-node.ts";
import type { NodeProfile } from "./node-profiles.ts";
import type { Transport } from "./transport.ts";

/** Counts of a simulation so far, of nodes unless the name says messages. */
export interface SimulationCounts {
  readonly introspected: number;
  readonly accepted: number;
  readonly active: number;
  readonly rejected: number;
  readonly expired: number;
  readonly timedOut: number;
  /** How often a node without a fault lost its registration and registered again. */
  readonly registeredAgain: number;
  readonly messagesSent: number;
  readonly duplicatesSent: number;
  readonly messagesFailed: number;
}

/** Counts the events of a simulation. */
export class SimulationStats {
  readonly counts: { -readonly [Name in keyof SimulationCounts]: number } = {
    introspected: 0,
    accepted: 0,
    active: 0,
    rejected: 0,
    expired: 0,
    timedOut: 0,
    registeredAgain: 0,
    messagesSent: 0,
    duplicatesSent: 0,
    messagesFailed: 0,
  };
  readonly #toAcceptedMs: number[] = [];
  readonly #toActiveMs: number[] = [];
  firstError: unknown;

  accepted(afterMs: number): void {
    this.counts.accepted += 1;
    this.#toAcceptedMs.push(afterMs);
  }

  active(afterMs: number): void {
    this.counts.active += 1;
    this.#toActiveMs.push(afterMs);
  }

  latencies(): { readonly toAccepted: LatencySummary; readonly toActive: LatencySummary } {
    return { toAccepted: summarizeLatencies(this.#toAcceptedMs), toActive: summarizeLatencies(this.#toActiveMs) };
  }
}

/** A real node of this client, whose messages the simulation drops or repeats as its profile says. */
export class SimulatedNode {
  readonly profile: NodeProfile;
  readonly #node: RollcallNode;
  readonly #stats: SimulationStats;
  #introspectedMs = 0;
  #wasActive = false;
  #wasAccepted = false;

  constructor(profile: NodeProfile, transport: Transport, stats: SimulationStats) {
    this.profile = profile;
    this.#stats = stats;
    const { nodeId, nodeType, random } = profile;
    this.#node = new RollcallNode({
      nodeId,
      nodeType,
      nodeVersion: "1.0.0",
      capabilities: ["simulated", `${nodeType}.run`],
      endpoints: { http: `http://${nodeId}.sim:8080` },
      metadata: { simulated: "true" },
      transport: { ...transport, publish: (message) => this.#publishWithFaults(transport, message) },
      random,
    });
    this.#listen();
  }

  get wasActive(): boolean {
    return this.#wasActive;
  }

  /** Whether it has not yet reached the state that its profile leads to. */
  get isPending(): boolean {
    return this.profile.misbehaviour === "no-ack" ? !this.#wasAccepted : !this.#wasActive;
  }

  async start(): Promise<void> {
    this.#stats.counts.introspected += 1;
    await this.#node.start();
  }

  close(goodbye: boolean): Promise<void> {
    return this.#node.close({ goodbye });
  }

  #listen(): void {
    const { counts } = this.#stats;
    const node = this.#node;
    node.on("accepted", () => {
      if (!this.#wasAccepted) this.#stats.accepted(performance.now() - this.#introspectedMs);
      this.#wasAccepted = true;
    });
    node.on("active", () => {
      if (!this.#wasActive) this.#stats.active(performance.now() - this.#introspectedMs);
      this.#wasActive = true;
    });
    node.on("expired", () => this.#onRegistrationLost("expired"));
    node.on("timedOut", () => this.#onRegistrationLost("timedOut"));
    node.on("rejected", () => void (counts.rejected += 1));
    node.on("deliveryFailed", (error) => {
      counts.messagesFailed += 1;
      this.#stats.firstError ??= error;
    });
  }

  /** A node with a fault goes through it once; any other node registers again. */
  #onRegistrationLost(how: "expired" | "timedOut"): void {
    this.#stats.counts[how] += 1;
    if (this.profile.misbehaviour === "none") this.#stats.counts.registeredAgain += 1;
    else void this.#node.close({ goodbye: false });
  }

  async #publishWithFaults(transport: Transport, message: NodeMessage): Promise<void> {
    const { misbehaviour, sendsDuplicates } = this.profile;
    if (misbehaviour === "no-ack" && message.type === "NodeRegistrationAcked") return;
    const isGoodbye = message.type === "NodeIntrospectionEvent" && message.payload.reason === "shutdown";
    if (misbehaviour === "silent" && this.#wasActive && !isGoodbye) return;
    if (this.#introspectedMs === 0) this.#introspectedMs = performance.now();
    const { counts } = this.#stats;
    counts.messagesSent += 1;
    if (!sendsDuplicates) return transport.publish(message);
    counts.duplicatesSent += 1;
    await Promise.all([transport.publish(message), transport.publish(message)]);
  }
}
