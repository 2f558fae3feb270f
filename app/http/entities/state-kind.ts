import { z } from "zod";
import { type Domain, NO_ENTITY, type StateSpec } from "../../../runtime/core/domain.ts";

/** The kind of a state, derived from the contract: its name may be anything. */
export const StateKind = z
  .enum(["live", "waiting", "ended"])
  .describe("live: its deadline can be renewed; ended: it ends an attempt; waiting: any other");
export type StateKind = z.infer<typeof StateKind>;

export function stateKindOf({ terminal, deadline }: StateSpec): StateKind {
  if (terminal) return "ended";
  return deadline && deadline.renewedBy.size > 0 ? "live" : "waiting";
}

/** The orchestrator's states that a node can rest in, in the order of the contract. */
export const stableStates = ({ orchestrator }: Domain): readonly StateSpec[] =>
  [...orchestrator.states.values()].filter(({ name, transient }) => name !== NO_ENTITY && !transient);
