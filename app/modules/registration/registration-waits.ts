import type { Entity } from "../../../runtime/core/entity.ts";
import { sleep } from "../../../runtime/shell/shell-context.ts";
import type { ShellEvent } from "../../../runtime/shell/shell-event.ts";
import { readEntities } from "../../../runtime/stored/entities.ts";
import { readSeen, seenKey } from "../../../runtime/stored/seen.ts";
import type { System } from "../../host/compose.ts";
import type { IncomingEvent } from "../../http/events/incoming-event.ts";
import { Problem } from "../../http/server/problem.ts";

const WAITS_MAX = 1_000;
/** How often decisions of other processes are looked for. */
const POLL_MS = 250;

interface Wait {
  readonly event: IncomingEvent;
  /** Whether the message was processed: the node's state before that is no outcome. */
  isProcessed: boolean;
  readonly end: (entity?: Entity) => void;
}

/** Waits until a message has made its node ACTIVE, or led it to a state that ends its attempt. */
export class RegistrationWaits {
  readonly #system: System;
  readonly #waits = new Map<string, Set<Wait>>();
  readonly #unwatch: () => void;
  #polling = false;
  isClosed = false;

  constructor(system: System) {
    this.#system = system;
    this.#unwatch = system.watch((event) => this.#onShellEvent(event));
  }

  /**
   * Undefined when that did not happen in time, or before `close`.
   * @throws Problem overloaded, at once
   */
  untilSettled(event: IncomingEvent, timeoutMs: number): Promise<Entity | undefined> {
    if (this.#all().length >= WAITS_MAX)
      throw new Problem("overloaded", "too many requests are waiting for an outcome", { retryAfterSeconds: 1 });
    const outcome = new Promise<Entity | undefined>((resolve) => {
      const end = (entity?: Entity): void => {
        if (!waits.delete(wait)) return;
        if (waits.size === 0) this.#waits.delete(event.entityId);
        cancel();
        resolve(entity);
      };
      const wait: Wait = { event, isProcessed: !event.isJournaled, end };
      const waits = this.#waits.get(event.entityId) ?? new Set();
      this.#waits.set(event.entityId, waits.add(wait));
      const cancel = this.#system.clock.after(timeoutMs, end);
    });
    if (!this.#polling) void this.#poll();
    return outcome;
  }

  close(): void {
    this.isClosed = true;
    this.#unwatch();
    for (const { end } of this.#all()) end();
  }

  #all(): readonly Wait[] {
    return [...this.#waits.values()].flatMap((waits) => [...waits]);
  }

  #onShellEvent(event: ShellEvent): void {
    if (event.kind !== "decision" || this.#waits.size === 0) return;
    const { message, decision } = event;
    for (const wait of this.#waits.get(message.entityId) ?? []) {
      if (message.id === wait.event.messageId) wait.isProcessed = true;
      if (decision.entity) this.#endIfSettled(wait, decision.entity);
    }
  }

  #endIfSettled({ isProcessed, end }: Wait, entity: Entity): void {
    const { state } = entity;
    const isSettled = state === "ACTIVE" || this.#system.domain.orchestrator.states.get(state ?? "")?.terminal === true;
    if (isProcessed && isSettled) end(entity);
  }

  /** Finds decisions of other processes, and messages that were processed before. One poll serves all waits. */
  async #poll(): Promise<void> {
    this.#polling = true;
    while (this.#waits.size > 0) {
      await sleep(this.#system.clock, POLL_MS);
      await this.#pollOnce().catch(() => {}); // without the store: the next poll or the timeout
    }
    this.#polling = false;
  }

  async #pollOnce(): Promise<void> {
    const { store, domain } = this.#system;
    const waiting = this.#all();
    const unprocessed = waiting.flatMap((wait) => {
      const { entityId, type, messageId: id } = wait.event;
      return wait.isProcessed ? [] : [{ wait, key: seenKey(domain.name, { entityId, type, id }) }];
    });
    const seen = await readSeen(
      store,
      unprocessed.map(({ key }) => key),
    );
    for (const { wait, key } of unprocessed) wait.isProcessed ||= seen.has(key);
    // Of a message that is processed while the nodes are read, the state from before it may be read.
    const processed = waiting.filter(({ isProcessed }) => isProcessed);
    if (processed.length === 0) return;
    const nodeIds = new Set(processed.map(({ event }) => event.entityId));
    for (const entity of await readEntities(store, domain.name, [...nodeIds]))
      for (const wait of processed) if (wait.event.entityId === entity.id) this.#endIfSettled(wait, entity);
  }
}
