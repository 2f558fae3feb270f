import type { EmittedEvent } from "./emission.ts";
import type { Entity } from "./entity.ts";
import type { Intent } from "./intent.ts";
import type { Message, Payload } from "./message.ts";
import type { RefusalKind } from "./refusal.ts";

export interface MachineTransition {
  readonly machine: "orchestrator" | "reducer";
  readonly trigger: string;
  readonly from: string;
  readonly to: string;
}

/** A contract's own answer to a message that it does not take. */
export interface Declined {
  /** One of the contract's `refusals`, or of `BUILT_IN_REFUSALS`. */
  readonly code: string;
  readonly kind: RefusalKind;
  /** Id of who sent the message, as its door says; empty: nobody in particular. */
  readonly caller: string;
  /** What the handler says of it. */
  readonly details?: Payload | undefined;
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
   * attempt. `no_op`: nothing. `declined`: the contract does not take the message. `refused`: the domain's code failed,
   * the message becomes a dead letter (CORE_ERROR).
   */
  readonly result: "changed" | "renewed" | "absorbed" | "no_op" | "declined" | "refused";
  /** With the result `declined`. */
  readonly declined?: Declined;
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

/** The contract does not take the message: nothing of it counts. */
export const declined = (
  entity: Entity | undefined,
  { door }: Message,
  { code, kind, details }: Omit<Declined, "caller">,
  reason: string,
): Decision => ({
  ...noOp(entity, reason),
  result: "declined",
  declined: { code, kind, caller: door?.caller.id ?? "", details },
});
