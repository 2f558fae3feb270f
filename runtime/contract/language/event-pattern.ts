type EventPatternKind = "event" | "published" | "deadline" | "failed";

/** An event type as contracts write it: a plain name, or one of the patterns for messages that the runtime makes. */
export interface EventPattern {
  readonly kind: EventPatternKind;
  /** The event, deadline or intent type that it is about. */
  readonly subject: string;
}

const PATTERN = /^(published|deadline|failed)\((.+)\)$/;

export function parseEventPattern(text: string): EventPattern {
  const match = PATTERN.exec(text);
  return match ? { kind: match[1] as EventPatternKind, subject: match[2] ?? "" } : { kind: "event", subject: text };
}

export const formatEventPattern = ({ kind, subject }: EventPattern): string =>
  kind === "event" ? subject : `${kind}(${subject})`;
