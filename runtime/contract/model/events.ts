import type { DomainModel, EventRef, HandlerModel } from "./domain-model.ts";

export type MessageOrigin = "bus" | "raised" | "deadline" | "failed" | "published" | "outcome";

/** Where a message of this type comes from; undefined when nothing in the domain produces it. */
export function messageOrigin(model: DomainModel, event: EventRef): MessageOrigin | undefined {
  const { subject, kind, name } = event;
  if (kind === "deadline") return deadlineStates(model, subject).length > 0 ? "deadline" : undefined;
  if (kind === "published") return model.published.some((use) => use.name === subject) ? "published" : undefined;
  if (kind === "failed")
    return model.effects.some(({ intent, mayFail }) => mayFail && intent.name === subject) ? "failed" : undefined;
  if (model.consumed.some((use) => use.name === name)) return "bus";
  if (raisedEvents(model).some((raised) => raised.name === name)) return "raised";
  return isOutcome(model, name) ? "outcome" : undefined;
}

/** Whether some effect reports it. */
export const isOutcome = ({ effects }: DomainModel, name: string): boolean =>
  effects.some(({ outputs }) => outputs.some((use) => use.name === name));

/** The orchestrator's states that arm a deadline. */
export const statesWithDeadline = ({ orchestrator }: DomainModel) =>
  [...orchestrator.states.values()].flatMap(({ name, deadline }) => (deadline ? [{ name, deadline }] : []));

/** The states that arm this deadline. */
export const deadlineStates = (model: DomainModel, deadline: string): readonly string[] =>
  statesWithDeadline(model).flatMap((state) => (state.deadline.name === deadline ? [state.name] : []));

/** What moves deadlines. */
export const renewingEvents = (model: DomainModel): readonly EventRef[] =>
  statesWithDeadline(model).flatMap(({ deadline }) => deadline.renewedBy);

/** Where the reducer's states raise events. */
export const raisedEvents = ({ reducer }: DomainModel): readonly EventRef[] =>
  [...reducer.states.values()].flatMap(({ raises }) => raises ?? []);

/** What moves the orchestrator's machine. */
export const machineTriggers = ({ orchestrator }: DomainModel): readonly EventRef[] =>
  orchestrator.transitions.map(({ trigger }) => trigger);

/** Every event that some row of a handler may return. */
export const outputsOf = ({ rows, outputs }: HandlerModel): readonly EventRef[] => [
  ...outputs,
  ...rows.flatMap((row) => row.outputs),
];

/** Every event that some row may return. */
export const returnedEvents = ({ handlers }: DomainModel): ReadonlySet<string> =>
  new Set(handlers.flatMap(outputsOf).map(({ name }) => name));

/** Where a `published(...)` is waited for. */
export const awaitedPublishes = (model: DomainModel): readonly EventRef[] =>
  [
    ...machineTriggers(model),
    ...model.handlers.map(({ event }) => event),
    ...renewingEvents(model),
    ...model.triggers.map(({ event }) => event),
  ].filter(({ kind }) => kind === "published");
