import type { DomainModel, EventRef } from "./domain-model.ts";

export type MessageOrigin = "bus" | "raised" | "deadline" | "failed" | "published" | "outcome";

/** Where a message of this type comes from; undefined when nothing in the domain says it. */
export function messageOrigin(model: DomainModel, event: EventRef): MessageOrigin | undefined {
  const { subject, kind, name } = event;
  const isAmong = (uses: readonly EventRef[]) => uses.some((use) => use.name === subject);
  if (kind === "deadline") return deadlineStates(model, subject).length > 0 ? "deadline" : undefined;
  if (kind === "published") return isAmong(model.published) ? "published" : undefined;
  if (kind === "failed")
    return model.effects.some(({ intent, mayFail }) => mayFail && intent.name === subject) ? "failed" : undefined;
  if (model.consumed.some((use) => use.name === name)) return "bus";
  if ([...model.reducer.states.values()].some(({ raises }) => raises?.name === name)) return "raised";
  return isAmong(model.effects.flatMap(({ outputs }) => outputs)) ? "outcome" : undefined;
}

/** The states that arm a deadline. */
export const deadlineStates = ({ orchestrator }: DomainModel, deadline: string): readonly string[] =>
  [...orchestrator.states.values()].filter((state) => state.deadline?.name === deadline).map(({ name }) => name);

/** Every event that some row may return. */
export const returnedEvents = ({ handlers }: DomainModel): ReadonlySet<string> =>
  new Set(
    handlers.flatMap(({ rows, outputs }) => [...outputs, ...rows.flatMap((row) => row.outputs)].map((use) => use.name)),
  );
