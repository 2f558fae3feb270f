import type { Entity } from "../../../runtime/core/entity.ts";
import type { ShellEvent } from "../../../runtime/shell/shell-event.ts";
import type { System } from "../../host/system.ts";
import { readRegistrations } from "../entities/registration-queries.ts";
import type { IncomingEvent } from "./incoming-event.ts";

/** How often decisions of other processes are looked for. */
const POLL_MS = 250;

interface Wait {
  readonly event: IncomingEvent;
  /** Whether the message was processed: the node's state before that is no outcome. */
  isProcessed: boolean;
  resolve(entity: Entity | undefined): void;
}

/** Waits until a message has led its node to the wanted state, or to one that ends its attempt. */
export class RegistrationWaits {
  readonly #system: System;
  readonly #waits = new Map<string, Set<Wait>>();
  readonly #unwatch: () => void;
  #polling = false;
  #size = 0;
  isClosed = false;

  constructor(system: System) {
    this.#system = system;
    this.#unwatch = system.watch((event) => this.#onShellEvent(event));
  }

  get size(): number {
    return this.#size;
  }

  /** Undefined when that did not happen in time, or before `close`. */
  async untilSettled(event: IncomingEvent, wanted: string, timeoutMs: number): Promise<Entity | undefined> {
    let end = (): void => {};
    const outcome = new Promise<Entity | undefined>((resolve) => {
      const wait: Wait = {
        event,
        isProcessed: !event.isJournaled,
        resolve: (entity) => {
          if (entity === undefined || this.#isSettled(entity, wanted)) resolve(entity);
        },
      };
      const waits = this.#waits.get(event.nodeId) ?? new Set();
      this.#waits.set(event.nodeId, waits.add(wait));
      const cancel = this.#system.clock.after(timeoutMs, () => resolve(undefined));
      this.#size++;
      end = () => {
        cancel();
        this.#size--;
        waits.delete(wait);
        if (waits.size === 0) this.#waits.delete(event.nodeId);
      };
    });
    this.#schedulePoll();
    return outcome.finally(() => end());
  }

  close(): void {
    this.isClosed = true;
    this.#unwatch();
    for (const waits of this.#waits.values()) for (const wait of waits) wait.resolve(undefined);
  }

  #isSettled({ state }: Entity, wanted: string): boolean {
    return state === wanted || this.#system.domain.orchestrator.states.get(state ?? "")?.terminal === true;
  }

  #onShellEvent(event: ShellEvent): void {
    if (event.kind !== "decision" || this.#waits.size === 0) return;
    const { message, decision } = event;
    for (const wait of this.#waits.get(message.entityId) ?? []) {
      if (message.id === wait.event.messageId) wait.isProcessed = true;
      if (wait.isProcessed && decision.entity) wait.resolve(decision.entity);
    }
  }

  /** Finds decisions of other processes, and messages that were processed before. One poll serves all waits. */
  #schedulePoll(): void {
    if (this.#polling || this.#waits.size === 0) return;
    this.#polling = true;
    this.#system.clock.after(POLL_MS, () => {
      void this.#pollOnce()
        .catch(() => {}) // without the store: the next poll or the timeout
        .finally(() => {
          this.#polling = false;
          this.#schedulePoll();
        });
    });
  }

  async #pollOnce(): Promise<void> {
    const { store, domain } = this.#system;
    const waiting = [...this.#waits.values()].flatMap((waits) => [...waits]);
    const unprocessed = waiting.filter(({ isProcessed }) => !isProcessed).map(({ event }) => event);
    if (unprocessed.length > 0) {
      const rows = await store.query<{ message_id: string }>(
        `select distinct message_id from rollcall.journal
          where domain = $1 and entity_id = any($2::text[]) and message_id = any($3::uuid[])`,
        [domain.name, unprocessed.map(({ nodeId }) => nodeId), unprocessed.map(({ messageId }) => messageId)],
      );
      const processed = new Set(rows.map(({ message_id }) => message_id));
      for (const wait of waiting) if (processed.has(wait.event.messageId)) wait.isProcessed = true;
    }
    const ids = new Set(waiting.filter(({ isProcessed }) => isProcessed).map(({ event }) => event.nodeId));
    if (ids.size === 0) return;
    for (const entity of await readRegistrations(store, domain.name, [...ids]))
      for (const wait of waiting) if (wait.isProcessed && wait.event.nodeId === entity.id) wait.resolve(entity);
  }
}
