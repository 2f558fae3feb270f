import type { RegistrationEvent, RegistrationEventType } from "./events.ts";
import type { NodeMessage } from "./messages.ts";

export type EventListener = (event: RegistrationEvent) => void;

/** Ends a subscription. Idempotent. */
export type Unsubscribe = () => void;

/** The connection of this process's nodes to a running system. One transport serves any number of nodes. */
export interface Transport {
  /**
   * Sends a message, after all earlier ones of the same node. It may arrive twice: the system dedupes by its id.
   * @throws Fault TRANSPORT_UNAVAILABLE, retryable: not confirmed in time; it may or may not have arrived
   * @throws Fault MESSAGE_REFUSED, not retryable: the system refuses the message
   * @throws Fault TRANSPORT_REFUSED, not retryable: the system refuses our token, or messages of this node
   * @throws Fault TRANSPORT_BUSY, retryable: too many messages wait already
   */
  publish(message: NodeMessage): Promise<void>;

  /**
   * Calls the listener for each answer to this node that is published after the promise resolved. Waits without limit
   * for a system that can't be reached yet. After an interruption it continues where it was, so no answer is missed.
   * @throws Fault TRANSPORT_REFUSED, not retryable: the system refuses the token
   */
  subscribe(nodeId: string, listener: EventListener): Promise<Unsubscribe>;

  /** Like `subscribe`, for each event of these types, of all nodes or of one. */
  watch(filter: EventFilter, listener: EventListener): Promise<Unsubscribe>;

  /** Sends waiting messages, for at most 5 s, and closes all connections. Idempotent. */
  close(): Promise<void>;
}

export interface EventFilter {
  readonly types: readonly RegistrationEventType[];
  readonly nodeId?: string;
}

/** Receives messages about a transport's own failures, for a log; it recovers by itself. */
export type TransportLog = (level: "info" | "warn", message: string, error?: unknown) => void;
