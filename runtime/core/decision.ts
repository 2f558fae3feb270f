import type { Entity } from "./entity.ts";
import type { Intent } from "./intent.ts";
import type { Payload } from "./message.ts";

/** An event that is to be published, complete. */
export interface EmittedEvent {
  readonly id: string;
  readonly type: string;
  readonly topic: string;
  readonly correlationId: string;
  readonly causationId: string;
  readonly attemptId: string;
  readonly seq: number;
  /** Event time, ms since the epoch. */
  readonly eventTimeMs: number;
  readonly payload: Payload;
}

export interface MachineTransition {
  readonly machine: "orchestrator" | "reducer";
  readonly trigger: string;
  readonly from: string;
  readonly to: string;
}

/** What one message leads to. A decision is data: nothing of it has happened yet. */
export interface Decision {
  /** The entity afterwards; the same object when nothing changed; undefined if there is none yet. */
  readonly entity: Entity | undefined;
  readonly events: readonly EmittedEvent[];
  readonly intents: readonly Intent[];
  readonly moves: readonly MachineTransition[];
  /**
   * `changed`: events, moves or data. `renewed`: only a deadline moved. `absorbed`: the message joined the attempt.
   * `no_op`: nothing. `refused`: CORE_ERROR, to be dead-lettered; the entity is as before.
   */
  readonly result: "changed" | "renewed" | "absorbed" | "no_op" | "refused";
  /** In words, also for a no-op. */
  readonly reason: string;
}
