import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import type { System } from "../../app/host/compose.ts";
import { TROUBLE_CODES } from "../../app/host/troubles/trouble.ts";
import { GatewayMetrics } from "../../app/http/metrics/gateway-metrics.ts";
import { MetricsRegistry } from "../../app/http/metrics/instruments.ts";
import { registerTroubles } from "../../app/http/metrics/metrics.routes.ts";
import { createMetricsObserver } from "../../app/http/metrics/runtime-metrics.ts";
import { registerSystemGauges } from "../../app/http/metrics/system-gauges.ts";
import { registration } from "../../app/modules/registration/module.ts";
import { DECODE_ERROR_CODES } from "../../runtime/core/incoming-json.ts";
import type { ShellEvent } from "../../runtime/shell/shell-event.ts";
import { shippedDomain as domain } from "../registration/shipped-domain.ts";
import { ROOT } from "../tidy/sources.ts";

/** Of five domains; what Prometheus keeps of each process. */
const SERIES_MAX = 5_000;
const RESULTS = ["changed", "renewed", "absorbed", "no_op", "refused"];
const states = [...domain.orchestrator.states.keys()];
const backends = [...new Set([...domain.effects.values()].map(({ backend }) => backend))];
const codes = [...DECODE_ERROR_CODES, "CORE_ERROR", "ENTITY_UNREADABLE"];
const types = new Set([...domain.routes.keys(), ...domain.triggerByMessageType.keys()]);

const systemOf = (name: string): System => {
  const found = { missing: 1, altered: 1, leftover: 1 };
  const status = {
    ...{ notYet: 0, refusedTurns: [] },
    ...{ lag: 1, waiting: 1, intents: 1, unpublished: 1, deadlines: 1, partitions: 12, owned: [1], refused: [] },
    ...{ bus: { ok: true }, store: { ok: true }, holds: [], notYet: 1, refusedTurns: [], brokerTimeMs: 5 },
    drift: backends.map((backend) => ({ backend, comparedAtMs: 1, error: null, found, isHeld: false })),
  };
  const measures = registration.domains[0]?.measures;
  return {
    name,
    domain,
    measures,
    store: { kind: "pglite" },
    following: { followers: { size: 1 } },
    runtime: { status: () => status, brokerTimeMs: 5 },
  } as never;
};

/** Every event of which a label could be made. */
function* everyEvent(): Generator<object> {
  const entity = { data: { node: { introspected_at: "2026-01-01T00:00:00Z" } } };
  for (const type of types)
    for (const result of RESULTS)
      yield {
        kind: "decision",
        message: { type },
        decision: {
          result,
          entity,
          events: [...domain.topicByEventType.keys()].map((of) => ({ type: of, payload: {} })),
        },
      };
  for (const { type, topic } of domain.consumed)
    yield* [
      { kind: "repeat", type },
      { kind: "repartitioned", topic },
    ];
  for (const code of codes) yield { kind: "dead_letter", code };
  for (const { intentType: type, backend } of domain.effects.values())
    for (const result of ["done", "retried", "failed", "superseded_intent"])
      yield { kind: "intent", type, backend, result };
  for (const backend of backends)
    yield* [
      { kind: "breaker", backend, open: true },
      { kind: "deletions_held", backend },
    ];
  for (const state of states) yield { kind: "expiry_held", state };
  for (const name of domain.deadlineAfterMs.keys()) yield { kind: "deadline_fired", name, lateMs: 1 };
  for (const part of ["bus", "store"])
    yield* [
      { kind: "unreachable", part },
      { kind: "recovered", part, outageMs: 1 },
    ];
  yield* [
    { kind: "turn", messages: 1, durationMs: 1 },
    { kind: "published", messages: 1, durationMs: 1 },
  ];
}

async function scraped(names: readonly string[], registry = new Registry()): Promise<string[]> {
  const metrics = new MetricsRegistry(registry);
  const systems = names.map(systemOf);
  const counts = { byStableState: () => Promise.resolve(new Map(states.map((state) => [state, 1]))) };
  for (const system of systems) {
    const instruments = metrics.ofDomain(system.name);
    registerSystemGauges(instruments, system, counts as never);
    const observe = createMetricsObserver(instruments, system);
    for (const event of everyEvent()) observe(event as ShellEvent);
  }
  registerTroubles(metrics, names, { list: () => Promise.resolve([]) } as never);
  return (await registry.metrics()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

describe("the metrics of several domains", () => {
  it(`are at most ${SERIES_MAX} series for five, with every value that a contract has`, async () => {
    const series = await scraped(["a", "b", "c", "d", "e"]);
    expect(series.length).toBeGreaterThan(1_000);
    expect(series.length).toBeLessThanOrEqual(SERIES_MAX);
  });

  it("are those of docs/reference/metrics.md", async () => {
    const registry = new Registry();
    await scraped(["a"], registry);
    new GatewayMetrics(new MetricsRegistry(registry)).begin([{ gateway: "door", operation: "open" }]);
    const metrics = registry.getMetricsAsArray() as unknown as readonly {
      readonly name: string;
      readonly help: string;
      readonly labelNames: readonly string[];
      readonly constructor: { readonly name: string };
    }[];
    const rows = metrics.map(({ name, help, labelNames, constructor }) => {
      const labels = labelNames.map((each) => `\`${each}\``).join(" ");
      return `| \`${name}\` | ${constructor.name.toLowerCase()} | ${labels} | ${help} |`;
    });
    const text = readFileSync(join(ROOT, "docs/reference/metrics.md"), "utf8");
    const table = text.split("a test holds both equal -->\n\n")[1]?.split("\n\n")[0]?.trimEnd();
    expect(table).toBe(
      ["| metric | kind | labels | meaning |", "| --- | --- | --- | --- |", ...rows.toSorted()].join("\n"),
    );
  });

  it("have the same names for each domain, and the domain in every series", async () => {
    const series = await scraped(["a", "b"]);
    const of = (domainName: string) =>
      series
        .filter((line) => line.includes(`domain="${domainName}"`))
        .map((line) => line.replace(`"${domainName}"`, '""'));
    expect(of("a")).toEqual(of("b"));
    const ofProcess = series.filter((line) => !/domain="[ab]"/.test(line));
    expect(ofProcess).toEqual(TROUBLE_CODES.process.map((code) => `rollcall_trouble{domain="",code="${code}"} 0`));
  });

  it("add up what each domain counts, apart", async () => {
    const series = await scraped(["a", "b"]);
    const turns = series.filter((line) => line.startsWith("rollcall_turn_messages_count"));
    expect(turns).toEqual(['rollcall_turn_messages_count{domain="a"} 1', 'rollcall_turn_messages_count{domain="b"} 1']);
  });
});
