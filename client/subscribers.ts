import type { RegistrationEvent } from "./events.ts";
import type { EventListener, Unsubscribe } from "./transport.ts";

/** The listeners of each node. */
export class Subscribers {
  readonly #byNode = new Map<string, Set<EventListener>>();

  add(nodeId: string, listener: EventListener): Unsubscribe {
    const listeners = this.#byNode.get(nodeId) ?? new Set();
    this.#byNode.set(nodeId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#byNode.get(nodeId) === listeners) this.#byNode.delete(nodeId);
    };
  }

  /** Checked before an event is parsed, because a topic has the answers to all nodes of the system. */
  has(nodeId: string): boolean {
    return this.#byNode.has(nodeId);
  }

  notify(event: RegistrationEvent): void {
    for (const listener of this.#byNode.get(event.payload.node_id) ?? []) notifyListener(listener, event);
  }
}

/** An exception of a listener becomes an uncaught exception: the transport must not treat it as its own failure. */
export function notifyListener(listener: EventListener, event: RegistrationEvent): void {
  try {
    listener(event);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
