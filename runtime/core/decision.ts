import type { EmittedEvent } from "./emission.ts";
import type { Entity } from "./entity.ts";
import type { Intent } from "./intent.ts";

export interface MachineTransition {
  readonly machine: "orchestrator" | "reducer";
  readonly trigger: string;
  readonly from: string;
  readonly to: string;
}

/** What a step decides. It is only data: nothing of it has happened yet. */
export interface Decision {
  /** The entity after the step; the same object when nothing changed; undefined when there is none yet. */
  readonly entity: Entity | undefined;
  readonly events: readonly EmittedEvent[];
  readonly intents: readonly Intent[];
  readonly moves: readonly MachineTransition[];
  /**
   * `changed`: events, transitions or data. `renewed`: only a deadline moved. `absorbed`: the message joined the
   * attempt. `no_op`: nothing. `refused`: the domain's code failed, the message becomes a dead letter (CORE_ERROR).
   */
  readonly result: "changed" | "renewed" | "absorbed" | "no_op" | "refused";
  /** For people, also of a no-op. */
  readonly reason: string;
}

export const noOp = (entity: Entity | undefined, reason: string): Decision => ({
  entity,
  events: [],
  intents: [],
  moves: [],
  result: "no_op",
  reason,
});
