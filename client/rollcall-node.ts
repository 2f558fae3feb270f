import { backOffMs } from "./back-off.ts";
import { Emitter } from "./emitter.ts";
import type { RegistrationEvent, RegistrationPayload } from "./events.ts";
import { nodeMessage, type NodeMessage, type NodePayloads } from "./messages.ts";
import type { Transport, Unsubscribe } from "./transport.ts";

/** A node's description of itself. */
export interface NodeDescription {
  readonly nodeType: "effect" | "compute" | "reducer" | "orchestrator";
  readonly nodeVersion?: string;
  readonly nodeName?: string;
  readonly nodeRole?: string;
  readonly capabilities?: readonly string[];
  /** Name to URL; the first is registered in the service catalog. */
  readonly endpoints?: Readonly<Record<string, string>>;
  readonly healthEndpoint?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface RollcallNodeOptions extends NodeDescription {
  /** 1 to 255 of A-Z a-z 0-9 . _ : - */
  readonly nodeId: string;
  readonly transport: Transport;
  /** Default: a third of the time until the liveness deadline that the system sends. */
  readonly heartbeatMs?: number;
  /** Distinguishes this process of the node from earlier ones; must rise. Default: the time of construction, ms. */
  readonly epoch?: number;
  /** Called for each heartbeat; returns its figures. */
  readonly heartbeatMetrics?: () => Omit<
    NodePayloads["NodeHeartbeatEvent"],
    "node_id" | "correlation_id" | "timestamp"
  >;
  /** Random numbers from 0 to 1, which spread the timers of many nodes. */
  readonly random?: () => number;
}

export interface RollcallNodeEvents {
  /** The system has registered the node; the ACK is being sent. */
  readonly accepted: [RegistrationPayload<"NodeRegistrationAccepted">];
  /** Others find the node and expect it to work. */
  readonly active: [RegistrationPayload<"NodeBecameActive">];
  /** The system received no heartbeat in time; the node registers again by itself. */
  readonly expired: [RegistrationPayload<"NodeLivenessExpired">];
  /** The system received no ACK in time; the node registers again by itself. */
  readonly timedOut: [RegistrationPayload<"NodeRegistrationAckTimedOut">];
  /** A backend refused the node; it registers again, at first after half a minute. */
  readonly rejected: [RegistrationPayload<"NodeRegistrationRejected">];
  /** An operator ended the registration: the node sends nothing until `start` or `update`. */
  readonly deregistered: [RegistrationPayload<"NodeDeregistered">];
  /** A message could not be delivered. The node repeats by itself what the registration needs. */
  readonly deliveryFailed: [unknown];
}

/** `accepted`: the ACK was sent, and became-active has not arrived yet. `ended`: deregistered by an operator. */
export type NodePhase = "new" | "introspecting" | "accepted" | "active" | "ended" | "closed";

// The first repeat comes only after seconds: sooner, all nodes of a slow system would repeat and make it slower still.
const INTROSPECT_AGAIN_MS = { first: 5_000, max: 60_000 };
const ACK_AGAIN_MS = { first: 5_000, max: 15_000 };
const REGISTER_AGAIN_MS = { first: 250, max: 30_000 };
const REGISTER_AFTER_REJECTION_MS = { first: 30_000, max: 600_000 };
/**
 * Every tenth heartbeat is an introspection. If the system has ended the registration, and the event that says so was
 * lost, that registers the node again.
 */
const HEARTBEATS_PER_INTROSPECTION = 10;
/** Used when an acceptance has no readable deadline; longer than the system waits for any ACK. */
const ACK_TIME_DEFAULT_MS = 30_000;

/**
 * A node of the registration protocol: introspects until it is accepted, ACKs that attempt, sends heartbeats, registers
 * again when its registration ended for any other reason than its own request, and deregisters on `close`.
 */
export class RollcallNode extends Emitter<RollcallNodeEvents> {
  readonly nodeId: string;
  readonly epoch: number;
  readonly #options: RollcallNodeOptions;
  #description: NodeDescription;
  #phase: NodePhase = "new";
  #correlationId: string = crypto.randomUUID();
  #attemptId: string | undefined;
  /** Last `entity_seq` of the attempt. Older events may arrive later, because each type has its own topic. */
  #seq = 0;
  /** ms since the epoch, by this machine's clock. */
  #ackDeadlineMs = 0;
  /** From an answer of the system to the liveness deadline in it. */
  #livenessPeriodMs = 0;
  /** Introspections or ACKs sent since the last answer. */
  #sendsUnanswered = 0;
  /** Registrations that have ended, or were refused, since the node was last active. */
  #failedRegistrations = 0;
  #heartbeats = 0;
  #timer: NodeJS.Timeout | undefined;
  #unsubscribe: Unsubscribe | undefined;

  constructor(options: RollcallNodeOptions) {
    super();
    this.#options = options;
    this.#description = options;
    this.nodeId = options.nodeId;
    this.epoch = options.epoch ?? Date.now();
  }

  get phase(): NodePhase {
    return this.#phase;
  }

  /** Attempt id of the registration that was accepted last. */
  get registrationAttemptId(): string | undefined {
    return this.#attemptId;
  }

  /** Resolves when the node receives events and is sending its first introspection. */
  async start(): Promise<void> {
    if (this.#phase !== "new" && this.#phase !== "ended") throw new Error(`node ${this.nodeId} is ${this.#phase}`);
    this.#unsubscribe ??= await this.#options.transport.subscribe(this.nodeId, (event) => this.#handleEvent(event));
    // `close` was called while this waited.
    if (this.phase === "closed") return this.#unsubscribe();
    this.#register();
  }

  /** Sends a changed description. An active node stays active; before, the registration begins again. */
  update(changes: Partial<NodeDescription>): void {
    if (this.#phase === "closed") throw new Error(`node ${this.nodeId} is closed`);
    this.#description = { ...this.#description, ...changes };
    if (this.#phase === "new") return;
    if (this.#phase !== "active") return this.#register();
    this.#correlationId = crypto.randomUUID();
    this.#introspect("capability_change");
  }

  /** Ends the node. By default it deregisters at once; otherwise its liveness deadline ends it. Idempotent. */
  async close({ goodbye = true }: { readonly goodbye?: boolean } = {}): Promise<void> {
    const wasKnown = this.#phase !== "new" && this.#phase !== "ended" && this.#phase !== "closed";
    this.#phase = "closed";
    clearTimeout(this.#timer);
    this.#unsubscribe?.();
    // An introspection with the reason shutdown, not NodeDeregister: because of its epoch it can't end the registration
    // of a later process of this node.
    if (goodbye && wasKnown) await this.#publish(this.#introspection("shutdown"));
  }

  #handleEvent(event: RegistrationEvent): void {
    if (this.#phase === "closed") return;
    const { payload } = event;
    const isCurrent = payload.registration_attempt_id === this.#attemptId;
    // Not for another process of this node, nor for a registration that a later introspection has replaced.
    if (!isCurrent && (payload.correlation_id !== this.#correlationId || this.#endsEarlierAttempt(event))) return;
    // A repeated acceptance asks again for the ACK.
    if (isCurrent && payload.entity_seq <= this.#seq && event.type !== "NodeRegistrationAccepted") return;
    this.#seq = isCurrent ? Math.max(this.#seq, payload.entity_seq) : payload.entity_seq;
    switch (event.type) {
      case "NodeRegistrationAccepted":
        return this.#handleAccepted(event.payload, isCurrent);
      case "NodeBecameActive":
        return this.#handleActive(event.payload);
      case "NodeRegistrationAckTimedOut":
        this.#registerAfterBackOff(REGISTER_AGAIN_MS);
        return void this.emit("timedOut", event.payload);
      case "NodeLivenessExpired":
        this.#registerAfterBackOff(REGISTER_AGAIN_MS);
        return void this.emit("expired", event.payload);
      case "NodeRegistrationRejected":
        this.#registerAfterBackOff(REGISTER_AFTER_REJECTION_MS);
        return void this.emit("rejected", event.payload);
      case "NodeDeregistered":
        this.#phase = "ended";
        this.#correlationId = crypto.randomUUID();
        clearTimeout(this.#timer);
        return void this.emit("deregistered", event.payload);
    }
  }

  /** Whether the event ends an earlier attempt, which a later introspection of this node has replaced. */
  #endsEarlierAttempt({ type }: RegistrationEvent): boolean {
    return type !== "NodeRegistrationAccepted" && this.#attemptId !== undefined;
  }

  #handleAccepted(payload: RegistrationPayload<"NodeRegistrationAccepted">, isRepeat: boolean): void {
    if (isRepeat && this.#phase !== "accepted") return;
    this.#phase = "accepted";
    this.#attemptId = payload.registration_attempt_id;
    // Computed as a duration, because the system's clock and this one may differ.
    const ackMs = Date.parse(payload.ack_deadline) - Date.parse(payload.emitted_at);
    this.#ackDeadlineMs = Date.now() + (ackMs > 0 ? ackMs : ACK_TIME_DEFAULT_MS);
    this.#sendsUnanswered = 0;
    this.#acknowledge(payload.correlation_id);
    if (!isRepeat) this.emit("accepted", payload);
  }

  #handleActive(payload: RegistrationPayload<"NodeBecameActive">): void {
    this.#phase = "active";
    this.#attemptId = payload.registration_attempt_id;
    this.#livenessPeriodMs = Date.parse(payload.liveness_deadline) - Date.parse(payload.emitted_at);
    this.#failedRegistrations = 0;
    this.#heartbeats = 0;
    // The first heartbeat at a random time of the interval, so that nodes that started together spread out.
    this.#setTimer(this.#heartbeatMs() * this.#random(), () => this.#sendHeartbeat());
    this.emit("active", payload);
  }

  #register(): void {
    this.#phase = "introspecting";
    this.#correlationId = crypto.randomUUID();
    this.#attemptId = undefined;
    this.#seq = 0;
    this.#sendsUnanswered = 0;
    this.#introspectUntilAccepted();
  }

  #registerAfterBackOff({ first, max }: { readonly first: number; readonly max: number }): void {
    this.#phase = "introspecting";
    this.#setTimer(backOffMs(++this.#failedRegistrations, first, max, this.#options.random), () => this.#register());
  }

  #introspectUntilAccepted(): void {
    this.#phase = "introspecting";
    this.#introspect("startup");
    const { first, max } = INTROSPECT_AGAIN_MS;
    this.#setTimer(backOffMs(++this.#sendsUnanswered, first, max, this.#options.random), () =>
      this.#introspectUntilAccepted(),
    );
  }

  #acknowledge(correlationId: string): void {
    const message = nodeMessage("NodeRegistrationAcked", {
      node_id: this.nodeId,
      registration_attempt_id: this.#attemptId,
      correlation_id: correlationId,
    });
    void this.#publish(message);
    const { first, max } = ACK_AGAIN_MS;
    this.#setTimer(backOffMs(++this.#sendsUnanswered, first, max, this.#options.random), () => {
      if (Date.now() < this.#ackDeadlineMs) return this.#acknowledge(correlationId);
      // Neither became-active nor a timeout arrived. An introspection makes the system answer again, or register anew.
      this.#sendsUnanswered = 0;
      this.#introspectUntilAccepted();
    });
  }

  #sendHeartbeat(): void {
    this.#heartbeats += 1;
    if (this.#heartbeats % HEARTBEATS_PER_INTROSPECTION === 0) this.#introspect("heartbeat");
    else {
      const metrics = this.#options.heartbeatMetrics?.() ?? {
        uptime_seconds: Math.max(0, Date.now() - this.epoch) / 1_000,
      };
      void this.#publish(nodeMessage("NodeHeartbeatEvent", { ...metrics, node_id: this.nodeId }));
    }
    this.#setTimer(this.#heartbeatMs() * (0.8 + 0.4 * this.#random()), () => this.#sendHeartbeat());
  }

  #heartbeatMs(): number {
    return this.#options.heartbeatMs ?? Math.max(100, this.#livenessPeriodMs / 3);
  }

  #introspect(reason: NodePayloads["NodeIntrospectionEvent"]["reason"]): void {
    void this.#publish(this.#introspection(reason));
  }

  #introspection(reason: NodePayloads["NodeIntrospectionEvent"]["reason"]): NodeMessage {
    const { nodeType, nodeVersion, nodeName, nodeRole, capabilities, endpoints, healthEndpoint, metadata } =
      this.#description;
    return nodeMessage("NodeIntrospectionEvent", {
      node_id: this.nodeId,
      node_type: nodeType,
      ...(nodeVersion !== undefined && { node_version: nodeVersion }),
      ...(nodeName !== undefined && { node_name: nodeName }),
      ...(nodeRole !== undefined && { node_role: nodeRole }),
      ...(capabilities && { capabilities: [...capabilities] }),
      ...(endpoints && { endpoints: { ...endpoints } }),
      ...(healthEndpoint !== undefined && { health_endpoint: healthEndpoint }),
      ...(metadata && { metadata: { ...metadata } }),
      reason,
      epoch: this.epoch,
      correlation_id: this.#correlationId,
    });
  }

  async #publish(message: NodeMessage): Promise<void> {
    try {
      await this.#options.transport.publish(message);
    } catch (error) {
      this.emit("deliveryFailed", error);
    }
  }

  #random(): number {
    return (this.#options.random ?? Math.random)();
  }

  /** A node has at most one timer. */
  #setTimer(ms: number, call: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(call, ms);
  }
}
