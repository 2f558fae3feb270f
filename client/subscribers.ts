import type { RegistrationEvent } from "./events.ts";
import type { EventListener, Unsubscribe } from "./transport.ts";

/** Who listens to which node. */
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

  /** Asked before an event is parsed: a topic holds the answers to every node there is. */
  has(nodeId: string): boolean {
    return this.#byNode.has(nodeId);
  }

  notify(event: RegistrationEvent): void {
    for (const listener of this.#byNode.get(event.payload.node_id) ?? []) notifyListener(listener, event);
  }
}

/** A listener that throws is an uncaught exception of its own; it must not look like the transport's trouble. */
export function notifyListener(listener: EventListener, event: RegistrationEvent): void {
  try {
    listener(event);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
