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
