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

/** Files of app that name one, and why. The list only gets shorter. */
const NAMING: Readonly<Record<string, string>> = {
  "app/backends.ts": "exports the shapes of the catalogue's intents, which are named after Consul",
  "app/commands/start.ts": "`rollcall dev` copies the contracts that are shipped",
  "app/host/config.ts": "has the variables of every backend until backends bring their own",
  "app/host/log.ts": "redacts the header with Consul's token",
  "app/host/modules.ts": "lists the modules that are shipped",
  "app/http/health/troubles.ts": "says what waits for the catalogue",
  "app/testing/memory-catalog.ts": "stands in for the catalogue in tests of modules",
};

describe("app outside of its modules", () => {
  const words = [...DOMAIN_WORDS, /\bNode(?!JS\b)[A-Z]\w*/g];

  it("names no domain, no backend of one and nothing that one tracks, but where it is listed", () => {
    const own = filesIn("app").filter(({ path }) => !path.startsWith("app/modules/"));
    const naming = own.filter((file) => found(file, words).length > 0);
    const unlisted = naming.filter(({ path }) => !Object.hasOwn(NAMING, path));
    expect(unlisted.flatMap((file) => found(file, words))).toEqual([]);
    const listed = Object.keys(NAMING);
    expect(
      listed.filter((path) => !naming.some((file) => file.path === path)),
      "they need no entry",
    ).toEqual([]);
  });
});
