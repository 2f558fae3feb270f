import { derivedId } from "../../core/ids.ts";

const known = new Map<string, string>();

/** The id that a few words stand for. The same few come again and again, and an id costs a hash. */
export function idOf(...words: readonly (string | number)[]): string {
  const key = words.join(" ");
  const id = known.get(key) ?? derivedId("check", ...words);
  known.set(key, id);
  return id;
}

/** What a message of this phase names as its request where it names nothing else. */
export const requestId = (phase: number): string => idOf("request", phase);
