import { describe, expect, it } from "vitest";
import { DOMAIN_WORDS, HEARTBEAT, NODE_WORDS, wordsIn } from "./domain-words.ts";
import { filesIn, type Source } from "./sources.ts";

/** A Kafka group has heartbeats of its own; nobody else has. */
const GROUPS = ["runtime/adapters/", "runtime/ports/event-bus.ts"];

const PAGE_ENDINGS = [".ts", ".tsx", ".css", ".html"];
const outside = (files: readonly Source[], ...folders: readonly string[]): readonly Source[] =>
  files.filter(({ path }) => !folders.some((folder) => path.startsWith(folder)));

const runtime = [...filesIn("runtime"), ...filesIn("runtime", ".sql")];
const app = outside(filesIn("app"), "app/modules/");
const page = outside(
  PAGE_ENDINGS.flatMap((ending) => filesIn("dashboard", ending)),
  "dashboard/registration/",
);

describe("no domain, no backend of one and nothing that one tracks is named", () => {
  it("in runtime", () => expect(runtime.flatMap((file) => wordsIn(file, DOMAIN_WORDS))).toEqual([]));

  it("in runtime by its heartbeats, but for a Kafka group's", () =>
    expect(outside(runtime, ...GROUPS).flatMap((file) => wordsIn(file, [HEARTBEAT]))).toEqual([]));

  it("in app, but for its modules", () =>
    expect(app.flatMap((file) => wordsIn(file, [...DOMAIN_WORDS, ...NODE_WORDS]))).toEqual([]));

  it("in the page, but for modules' own parts", () =>
    expect(page.flatMap((file) => wordsIn(file, [...DOMAIN_WORDS, ...NODE_WORDS, HEARTBEAT]))).toEqual([]));
});
