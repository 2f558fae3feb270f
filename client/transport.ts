import type { RegistrationEvent, RegistrationEventType } from "./events.ts";
import type { NodeMessage } from "./messages.ts";

export type EventListener = (event: RegistrationEvent) => void;

/** Ends what it was given for. Idempotent. */
export type Unsubscribe = () => void;

/** How nodes of this process reach a running system. One transport serves any number of nodes. */
export interface Transport {
  /**
   * Sends a message, after all earlier ones of the same node. It may arrive twice: the system dedupes by its id.
   * @throws Fault TRANSPORT_UNAVAILABLE, retryable: not confirmed in time; it may or may not have arrived
   * @throws Fault MESSAGE_REFUSED, not retryable: the system does not take it
   * @throws Fault TRANSPORT_REFUSED, not retryable: the system does not take messages from us, or not of this node
   * @throws Fault TRANSPORT_BUSY, retryable: too many messages wait already
   */
  publish(message: NodeMessage): Promise<void>;

  /**
   * Calls for each answer to this node that is published after the promise resolved. Waits, without end, for a system
   * that can't be reached yet; later interruptions are bridged, so that no answer is missed.
   * @throws Fault TRANSPORT_REFUSED, not retryable: the system wants another token
   */
  subscribe(nodeId: string, listener: EventListener): Promise<Unsubscribe>;

  /** Calls for each event of these types, of all nodes or of one. Otherwise as `subscribe`. */
  watch(filter: EventFilter, listener: EventListener): Promise<Unsubscribe>;

  /** Sends what waits, for at most 5 s, and ends everything. Idempotent. */
  close(): Promise<void>;
}

export interface EventFilter {
  readonly types: readonly RegistrationEventType[];
  readonly nodeId?: string;
}

/** What a transport tells about its own troubles; nothing of it needs an answer. */
export type TransportLog = (level: "info" | "warn", message: string, error?: unknown) => void;
