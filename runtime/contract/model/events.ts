import type { DomainModel, EventRef, HandlerModel, OutputRef } from "./domain-model.ts";

export type MessageOrigin = "bus" | "raised" | "deadline" | "failed" | "published" | "outcome";

/** Where a message of this type comes from; undefined when nothing in the domain produces it. */
export function messageOrigin(model: DomainModel, event: EventRef): MessageOrigin | undefined {
  const { subject, kind, name } = event;
  if (kind === "deadline") return deadlineStates(model, subject).length > 0 ? "deadline" : undefined;
  if (kind === "published")
    return model.published.some((use) => use.name === subject && use.topic) ? "published" : undefined;
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

/** Whether events carry `published_seq`: where some have no topic, `entity_seq` has gaps on the bus. */
export const countsPublished = ({ published }: DomainModel): boolean => published.some(({ topic }) => !topic);

/** Where the reducer's states raise events. */
export const raisedEvents = ({ reducer }: DomainModel): readonly EventRef[] =>
  [...reducer.states.values()].flatMap(({ raises }) => raises ?? []);

/** What moves the orchestrator's machine. */
export const machineTriggers = ({ orchestrator }: DomainModel): readonly EventRef[] =>
  orchestrator.transitions.map(({ trigger }) => trigger);

/** Whether it has a function: what only renews, or is ignored, is given to none. */
export const hasFunction = ({ copiesFields, rows }: HandlerModel): boolean =>
  !copiesFields || rows.some(({ action }) => action);

/** Every event that some row of a handler may return. */
export const outputsOf = ({ rows, outputs }: HandlerModel): readonly EventRef[] => [
  ...outputs,
  ...rows.flatMap((row) => row.outputs),
];

/** The events of each item of `output_events`, in their order. */
export function alternativesOf(outputs: readonly OutputRef[]): readonly (readonly OutputRef[])[] {
  const items = new Map<number, OutputRef[]>();
  for (const output of outputs) items.set(output.item, [...(items.get(output.item) ?? []), output]);
  return [...items.values()];
}

/** Of each of these exactly one event is returned. */
export const choicesOf = (outputs: readonly OutputRef[]) => alternativesOf(outputs).filter(({ length }) => length > 1);

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
