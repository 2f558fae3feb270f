import { derivedId } from "../../core/ids.ts";

const idCache = new Map<string, string>();

/** The id that a few words stand for. The same few come again and again, and an id costs a hash. */
export function memoizedId(...words: readonly (string | number)[]): string {
  const key = words.join(" ");
  const id = idCache.get(key) ?? derivedId("check", ...words);
  idCache.set(key, id);
  return id;
}

/** What a message of this phase names as its request where it names nothing else. */
export const requestId = (phase: number): string => memoizedId("request", phase);
