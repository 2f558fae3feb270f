/** An event's name in a text, and where it begins, from 0. */
interface NamedEvent {
  readonly name: string;
  readonly offset: number;
}

/** The events of an item of `output_events`: one, or those of `A | B`, of which a function returns exactly one. */
export const parseAlternatives = (text: string): readonly NamedEvent[] =>
  Array.from(text.matchAll(/[^\s|]+/g), ({ 0: name, index: offset }) => ({ name, offset }));

export const formatAlternatives = (names: readonly string[]): string => names.join(" | ");
