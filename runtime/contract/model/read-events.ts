import type { DomainCode } from "../../core/domain-code.ts";
import type { ContractSet } from "../reading/contract-source.ts";
import type { EventRef } from "./domain-model.ts";
import { parseEventPattern, formatEventPattern } from "../language/event-pattern.ts";
import type { NameLookup, NameResolver } from "./name-resolver.ts";
import { sourceRef, type SourceRef } from "../reading/source-ref.ts";

/** Reads an event type wherever one may stand. */
export type EventReader = (text: string, at: SourceRef) => EventRef;

/** What the names in patterns are looked up in. */
export function createEventReader(
  { orchestrator, reducer }: ContractSet,
  code: DomainCode,
  names: NameResolver,
): EventReader {
  const { states } = orchestrator.contract.state_machine;
  const deadlines = new Map(
    states.flatMap(({ deadline }, index) => {
      const at = sourceRef(orchestrator, "state_machine", "states", index, "deadline", "name");
      return deadline ? [[deadline.name, at] as const] : [];
    }),
  );
  const events = code.messages.map(({ messageType }) => messageType);
  const intents = code.intents.map(({ intentType }) => intentType);
  const emitted = new Map(
    (reducer.contract.intent_emission?.intents ?? []).map(({ intent_type }, index) => [
      intent_type,
      sourceRef(reducer, "intent_emission", "intents", index, "intent_type"),
    ]),
  );
  const lookups: Readonly<Record<EventRef["kind"], NameLookup>> = {
    event: { kind: "message", candidates: events, where: "in code" },
    published: { kind: "message", candidates: events, where: "in code" },
    failed: { kind: "intent", candidates: intents, where: "in code", declaredAt: (name) => emitted.get(name) },
    deadline: {
      kind: "deadline",
      candidates: [...deadlines.keys()],
      where: "in the orchestrator's states",
      code: "RC110",
      declaredAt: (name) => deadlines.get(name),
    },
  };
  return (text, at) => {
    const { kind, subject } = parseEventPattern(text);
    // No event type at all, which the loader has said (RC009).
    if (subject.includes("(")) return { kind, subject, name: text, at, unknown: true };
    const within = kind === "event" ? undefined : { offset: kind.length + 1, length: subject.length };
    const { name, unknown } = names.resolve(subject, within ? { ...at, range: within } : at, lookups[kind]);
    return { kind, subject: name, name: formatEventPattern({ kind, subject: name }), at, unknown };
  };
}
