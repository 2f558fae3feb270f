import { derivedId } from "../../core/ids.ts";

const idCache = new Map<string, string>();

/** The id derived from these words. Each id costs a hash, and the exploration uses the same few all the time. */
export function memoizedId(...words: readonly (string | number)[]): string {
  const key = words.join(" ");
  const id = idCache.get(key) ?? derivedId("check", ...words);
  idCache.set(key, id);
  return id;
}

/** The correlation id of a message of this phase that names none. */
export const requestId = (phase: number): string => memoizedId("request", phase);
