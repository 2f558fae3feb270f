import { z } from "zod";
import { NO_ENTITY } from "../../core/domain.ts";
import type { DomainModel } from "../model/domain-model.ts";
import { uniqueItems } from "../model/first-by-key.ts";
import { isOutcome } from "../model/events.ts";
import { followOutputs } from "../model/transitions.ts";

/** A message that would move an entity out of its state, as the contract has it. */
export const PossibleTransition = z.object({
  /** An event type, an outcome, `deadline(name)`, `published(Event)`, or a name that the reducer raises. */
  on: z.string(),
  when: z.string().nullable(),
  leads_to: z.string(),
});
export type PossibleTransition = z.infer<typeof PossibleTransition>;

/** What would move an entity that is in `state` (null: not there yet) to another one, in the order of the contract. */
export function possibleTransitions(model: DomainModel, state: string | null): readonly PossibleTransition[] {
  const from = state ?? NO_ENTITY;
  return uniqueItems([...runtimeTransitions(model, from), ...handlerTransitions(model, from)]);
}

/** Transitions that a message from the runtime makes by itself, without a handler. */
function runtimeTransitions(model: DomainModel, state: string): readonly PossibleTransition[] {
  return model.orchestrator.transitions.flatMap(({ from, trigger, to }) => {
    const isFromRuntime = trigger.kind !== "event" || isOutcome(model, trigger.name);
    if (!isFromRuntime || from.name !== state || to.name === state) return [];
    return [{ on: trigger.name, when: null, leads_to: to.name }];
  });
}

function handlerTransitions(model: DomainModel, state: string): readonly PossibleTransition[] {
  return model.handlers.flatMap(({ event, rows }) =>
    rows.flatMap((row) => {
      if (!row.action || !row.decidableStates.includes(state)) return [];
      // An event that nothing accepts makes the whole message refused.
      const ends = [...followOutputs(model, row, state).ends].filter((end) => end !== state);
      return ends.map((leads_to) => ({ on: event.name, when: row.when?.text ?? null, leads_to }));
    }),
  );
}
