import { describe, expect, it } from "vitest";
import { filesIn, placeOf, type Source } from "./sources.ts";

/**
 * Words of one domain, its backends and what it tracks. Comments count: an example from a domain ties the reader to it.
 */
const DOMAIN_WORDS = [
  /\bregistrations?\b/gi,
  /\b\w*Registration\w*/g,
  /consul/gi,
  /introspect\w*/gi,
  /\b\w*liveness\w*/gi,
  /\bnode_(?:id|registrations?|name|role|version)\b/g,
  /\bNode(?:Became|Updated|Heartbeat|Deregister|Liveness|Registered)\w*/g,
  /\bonex-/g,
];
/** A Kafka group has heartbeats of its own; nobody else here has. */
const HEARTBEAT = /heartbeat\w*/gi;
const GROUPS = ["runtime/adapters/", "runtime/ports/event-bus.ts"];

const files = [...filesIn("runtime"), ...filesIn("runtime", ".sql")];

const found = (source: Source, words: readonly RegExp[]): readonly string[] =>
  words.flatMap((word) =>
    [...source.text.matchAll(word)].map((match) => `${placeOf(source, match.index)} ${match[0]}`),
  );

describe("runtime", () => {
  it("names no domain, no backend of one and nothing that one tracks", () =>
    expect(files.flatMap((file) => found(file, DOMAIN_WORDS))).toEqual([]));

  it("knows heartbeats of a Kafka group only", () => {
    const others = files.filter(({ path }) => !GROUPS.some((start) => path.startsWith(start)));
    expect(others.flatMap((file) => found(file, [HEARTBEAT]))).toEqual([]);
  });
});
