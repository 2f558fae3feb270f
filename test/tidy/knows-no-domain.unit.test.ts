import { describe, expect, it } from "vitest";
import { DOMAIN_WORDS, HEARTBEAT, NODE_WORDS, wordsIn } from "./domain-words.ts";
import { filesIn, type Source } from "./sources.ts";

/** A Kafka group has heartbeats of its own; nobody else has. */
const GROUPS = ["runtime/adapters/", "runtime/ports/event-bus.ts", "test/sim/broker.ts"];

const PAGE_ENDINGS = [".ts", ".tsx", ".css", ".html"];
/** The services of tests and measurements, of which Consul is one; it has no other place there. */
const SERVICES = "test/real/services/";
/**
 * What tests and measurements are made with: each file of `bench/` and `test/` that is no test. One that a domain or a
 * backend has for itself lies in a folder of its name, and is imported by tests and by such folders only. Beside that
 * `test/effects/` is the backends' own, as `effects/` is.
 */
const OWN_HARNESS =
  /\/(registration|node-registry|flow-node|consul)\/|^test\/effects\/|^test\/tidy\/domain-words\.ts$|\.test\.ts$/;
const outside = (files: readonly Source[], ...folders: readonly string[]): readonly Source[] =>
  files.filter(({ path }) => !folders.some((folder) => path.startsWith(folder)));

const runtime = [...filesIn("runtime"), ...filesIn("runtime", ".sql")];
const app = outside(filesIn("app"), "app/modules/");
const page = outside(
  PAGE_ENDINGS.flatMap((ending) => filesIn("dashboard", ending)),
  "dashboard/registration/",
);
const harness = ["bench", "test"]
  .flatMap((folder) => [".ts", ".mjs"].flatMap((ending) => filesIn(folder, ending)))
  .filter(({ path }) => !OWN_HARNESS.test(path));

describe("no domain, no backend of one and nothing that one tracks is named", () => {
  it("in runtime", () => expect(runtime.flatMap((file) => wordsIn(file, DOMAIN_WORDS))).toEqual([]));

  it("in runtime by its heartbeats, but for a Kafka group's", () =>
    expect(outside(runtime, ...GROUPS).flatMap((file) => wordsIn(file, [HEARTBEAT]))).toEqual([]));

  it("in app, but for its modules", () =>
    expect(app.flatMap((file) => wordsIn(file, [...DOMAIN_WORDS, ...NODE_WORDS]))).toEqual([]));

  it("in what tests and measurements are made with, but for domains' and backends' own", () => {
    const services = harness.filter(({ path }) => path.startsWith(SERVICES));
    const others = outside(harness, SERVICES);
    const withoutConsul = DOMAIN_WORDS.filter(({ source }) => source !== "consul");
    expect(others.flatMap((file) => wordsIn(file, DOMAIN_WORDS))).toEqual([]);
    expect(services.flatMap((file) => wordsIn(file, withoutConsul))).toEqual([]);
    expect(outside(others, ...GROUPS).flatMap((file) => wordsIn(file, [HEARTBEAT]))).toEqual([]);
  });

  it("in the page, but for modules' own parts", () =>
    expect(page.flatMap((file) => wordsIn(file, [...DOMAIN_WORDS, ...NODE_WORDS, HEARTBEAT]))).toEqual([]));
});
