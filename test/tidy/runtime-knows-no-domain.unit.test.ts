import { describe, expect, it } from "vitest";
import { DOMAIN_WORDS, HEARTBEAT, wordsIn } from "./domain-words.ts";
import { filesIn } from "./sources.ts";

const GROUPS = ["runtime/adapters/", "runtime/ports/event-bus.ts"];

const files = [...filesIn("runtime"), ...filesIn("runtime", ".sql")];

describe("runtime", () => {
  it("names no domain, no backend of one and nothing that one tracks", () =>
    expect(files.flatMap((file) => wordsIn(file, DOMAIN_WORDS))).toEqual([]));

  it("knows heartbeats of a Kafka group only", () => {
    const others = files.filter(({ path }) => !GROUPS.some((start) => path.startsWith(start)));
    expect(others.flatMap((file) => wordsIn(file, [HEARTBEAT]))).toEqual([]);
  });
});

/** Files of app that name one, and why. The list only gets shorter. */
const NAMING: Readonly<Record<string, string>> = {
  "app/backends.ts": "exports the shapes of the catalogue's intents, which are named after Consul",
  "app/commands/dev.ts": "`rollcall dev` copies the contracts that are shipped",
  "app/host/log.ts": "redacts the header with Consul's token",
  "app/host/modules.ts": "lists the modules that are shipped",
  "app/testing/memory-catalog.ts": "stands in for the catalogue in tests of modules",
};

describe("app outside of its modules", () => {
  const words = [...DOMAIN_WORDS, /\bNode(?!JS\b)[A-Z]\w*/g];

  it("names no domain, no backend of one and nothing that one tracks, but where it is listed", () => {
    const own = filesIn("app").filter(({ path }) => !path.startsWith("app/modules/"));
    const naming = own.filter((file) => wordsIn(file, words).length > 0);
    const unlisted = naming.filter(({ path }) => !Object.hasOwn(NAMING, path));
    expect(unlisted.flatMap((file) => wordsIn(file, words))).toEqual([]);
    const listed = Object.keys(NAMING);
    expect(
      listed.filter((path) => !naming.some((file) => file.path === path)),
      "they need no entry",
    ).toEqual([]);
  });
});
