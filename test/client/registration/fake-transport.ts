import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import type { RegistrationEventType } from "../../../client/events.ts";
import { decodeEvent } from "../../../client/events.ts";
import type { NodeMessage, NodeMessageType } from "../../../client/messages.ts";
import { Subscribers } from "../../../client/subscribers.ts";
import type { Transport, Unsubscribe } from "../../../client/transport.ts";

const NOON_MS = 1_767_268_800_000;

/** A system whose answers a test gives: it records the messages of nodes, in order. */
export class FakeTransport implements Transport {
  readonly said: NodeMessage[] = [];
  readonly #subscribers = new Subscribers();
  #seq = 0;
  failure: Error | undefined;

  publish(message: NodeMessage): Promise<void> {
    this.said.push(message);
    return this.failure ? Promise.reject(this.failure) : Promise.resolve();
  }

  subscribe(nodeId: string, listener: Parameters<Transport["subscribe"]>[1]): Promise<Unsubscribe> {
    return Promise.resolve(this.#subscribers.add(nodeId, listener));
  }

  watch(): Promise<Unsubscribe> {
    return Promise.reject(new Error("nobody watches here"));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  isHeard(nodeId: string): boolean {
    return this.#subscribers.has(nodeId);
  }

  of<Type extends NodeMessageType>(type: Type): NodeMessage<Type>[] {
    return this.said.filter(({ type: said }) => said === type) as NodeMessage<Type>[];
  }

  /** The last introspection's correlation id, which the system copies into every answer. */
  get correlationId(): string {
    return this.of("NodeIntrospectionEvent").at(-1)?.correlationId ?? "";
  }

  answer(type: RegistrationEventType, more: Readonly<Record<string, unknown>> = {}): void {
    this.#seq += 1;
    const payload = {
      entity_id: "n1",
      node_id: "n1",
      correlation_id: this.correlationId,
      causation_id: randomUUID(),
      registration_attempt_id: "a1",
      attempt: 1,
      entity_seq: this.#seq,
      emitted_at: at(0),
      ...FIELDS[type],
      ...more,
    };
    const event = decodeEvent(JSON.stringify({ envelope_id: randomUUID(), payload_type: type, payload }));
    expect(event, `${type} is one that the client reads`).toBeDefined();
    if (event) this.#subscribers.notify(event);
  }
}

const at = (afterMs: number): string => new Date(NOON_MS + afterMs).toISOString();

const FIELDS: Readonly<Partial<Record<RegistrationEventType, Readonly<Record<string, unknown>>>>> = {
  NodeRegistrationAccepted: { ack_deadline: at(30_000), service_id: "onex-effect-n1" },
  NodeRegistrationRejected: { rejection_reason: "consul: REFUSED no", failed_backends: [] },
  NodeRegistrationAckTimedOut: { deadline_at: at(30_000) },
  NodeBecameActive: { node_type: "effect", liveness_deadline: at(30_000), capabilities: [], endpoints: {} },
  NodeLivenessExpired: { deadline_at: at(60_000), last_heartbeat_at: null },
  NodeDeregistered: { reason: "requested" },
};
