import { formatEventPattern, parseEventPattern } from "../language/event-pattern.ts";
import type { SourceRef } from "../reading/source-ref.ts";
import type { EventRef } from "./domain-model.ts";
import type { NameLookup, NameResolver } from "./name-resolver.ts";

/** Reads an event type wherever one may stand. */
export type EventReader = (text: string, at: SourceRef) => EventRef;

interface EventNames {
  readonly messages: readonly string[];
  readonly intent: NameLookup;
  /** Places by the name of what the orchestrator's states arm. */
  readonly deadlines: ReadonlyMap<string, SourceRef>;
  /** Places by the type of intent that the reducer emits. */
  readonly emitted: ReadonlyMap<string, SourceRef>;
}

export function createEventReader(
  names: NameResolver,
  { messages, intent, deadlines, emitted }: EventNames,
): EventReader {
  const message: NameLookup = { kind: "message", candidates: messages, where: "in code" };
  const lookups: Readonly<Record<EventRef["kind"], NameLookup>> = {
    event: message,
    published: message,
    failed: { ...intent, declaredAt: (name) => emitted.get(name) },
    deadline: {
      kind: "deadline",
      candidates: [...deadlines.keys()],
      where: "in the orchestrator's states",
      code: "RC110",
      declaredAt: (name) => deadlines.get(name),
    },
  };
  return (written, at) => {
    const { kind, subject } = parseEventPattern(written);
    // Not an event type at all: the loader reports that (RC009).
    if (subject.includes("(")) return { kind, subject, name: written, written, at, unknown: true };
    const range = kind === "event" ? {} : { range: { offset: kind.length + 1, length: subject.length } };
    const { name, unknown } = names.resolve(subject, { ...at, ...range }, lookups[kind]);
    return { kind, subject: name, name: formatEventPattern({ kind, subject: name }), written, at, unknown };
  };
}
