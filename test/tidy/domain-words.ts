import { placeOf, type Source } from "./sources.ts";

/**
 * Words of one domain, its backends and what it tracks. Comments count: an example from a domain ties the reader to it.
 */
export const DOMAIN_WORDS = [
  /\bregistrations?\b/gi,
  /\b\w*Registration\w*/g,
  /consul/gi,
  /introspect\w*/gi,
  /\b\w*liveness\w*/gi,
  /\bnode_(?:id|registrations?|name|role|version)\b/g,
  /\bNode(?:Became|Updated|Heartbeat|Deregister|Liveness|Registered)\w*/g,
  /\bonex-/g,
] as const;
/** Where nothing else has nodes; Node itself is written NodeJS. */
export const NODE_WORDS = [/\bnode_?ids?\b/gi, /\bNode(?!JS\b)[A-Z]\w*/g] as const;
export const HEARTBEAT = /heartbeat\w*/gi;

/** Where the words are in a file. */
export const wordsIn = (source: Source, words: readonly RegExp[]): readonly string[] =>
  words.flatMap((word) =>
    [...source.text.matchAll(word)].map((match) => `${placeOf(source, match.index)} ${match[0]}`),
  );
