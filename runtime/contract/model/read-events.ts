import type { DomainCode } from "../../core/domain-code.ts";
import type { ContractSet } from "../reading/contract-source.ts";
import type { EventUse } from "./domain-model.ts";
import { patternOf, textOf } from "../language/event-pattern.ts";
import type { Lookup, Names } from "./name-resolver.ts";
import { spot, type Spot } from "../reading/source-ref.ts";

/** Reads an event type wherever one may stand. */
export type ReadEvent = (text: string, at: Spot) => EventUse;

/** What the names in patterns are looked up in. */
export function eventReader({ orchestrator, reducer }: ContractSet, code: DomainCode, names: Names): ReadEvent {
  const { states } = orchestrator.contract.state_machine;
  const deadlines = new Map(
    states.flatMap(({ deadline }, index) => {
      const at = spot(orchestrator, "state_machine", "states", index, "deadline", "name");
      return deadline ? [[deadline.name, at] as const] : [];
    }),
  );
  const events = code.messages.map(({ messageType }) => messageType);
  const intents = code.intents.map(({ intentType }) => intentType);
  const emitted = new Map(
    (reducer.contract.intent_emission?.intents ?? []).map(({ intent_type }, index) => [
      intent_type,
      spot(reducer, "intent_emission", "intents", index, "intent_type"),
    ]),
  );
  const lookups: Readonly<Record<EventUse["kind"], Lookup>> = {
    event: { what: "message", among: events, where: "in code" },
    published: { what: "message", among: events, where: "in code" },
    failed: { what: "intent", among: intents, where: "in code", declaredAt: (name) => emitted.get(name) },
    deadline: {
      what: "deadline",
      among: [...deadlines.keys()],
      where: "in the orchestrator's states",
      code: "RC110",
      declaredAt: (name) => deadlines.get(name),
    },
  };
  return (text, at) => {
    const { kind, subject } = patternOf(text);
    // No event type at all, which the loader has said (RC009).
    if (subject.includes("(")) return { kind, subject, name: text, at, unknown: true };
    const within = kind === "event" ? undefined : { offset: kind.length + 1, length: subject.length };
    const { name, unknown } = names.resolve(subject, within ? { ...at, within } : at, lookups[kind]);
    return { kind, subject: name, name: textOf({ kind, subject: name }), at, unknown };
  };
}
