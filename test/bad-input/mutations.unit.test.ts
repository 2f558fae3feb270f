import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Entity } from "../../runtime/core/entity.ts";
import { partitionOf } from "../../runtime/core/murmur2.ts";
import type { Message } from "../../runtime/core/message.ts";
import { NOON } from "../registration/examples.ts";
import { given } from "../registration/given.ts";
import { LIVE_WAYS } from "../registration/reach.ts";
import type { Stimulus } from "../registration/stimuli.ts";
import { introspected } from "../registration/stimuli.ts";
import { expectHarmless, inputTopic, PARTITIONS, takeIn, Tally, written } from "./taking-in.ts";

const RUNS = 5_000;
const ID = "n1";
const HOME = partitionOf(ID, PARTITIONS);
const UUID = "0198c0de-0000-4000-8000-000000000001";

/** A good message of each type, with every field that it may have. */
const GOOD: Readonly<Record<string, object>> = {
  NodeIntrospectionEvent: {
    ...{ node_id: ID, node_type: "effect", node_version: "1.2.3", node_name: "a node", node_role: "worker", reason: "startup", epoch: 7 },
    ...{ capabilities: ["read", "write"], declared_capabilities: { read: true }, discovered_capabilities: ["x"], health_endpoint: "/health" },
    ...{ endpoints: { api: "http://10.0.0.1:8080" }, metadata: { zone: "a" }, correlation_id: UUID, timestamp: "2026-01-01T12:00:00.000Z" },
  },
  NodeRegistrationAcked: { node_id: ID, correlation_id: UUID, registration_attempt_id: UUID, command_id: UUID, timestamp: "2026-01-01T12:00:00.000Z" },
  NodeHeartbeatEvent: { node_id: ID, uptime_seconds: 1, active_operations_count: 2, cpu_usage_percent: 3.5, memory_usage_mb: 4, correlation_id: UUID, timestamp: "2026-01-01T12:00:00.000Z" },
  NodeDeregister: { node_id: ID, reason: "maintenance", correlation_id: UUID, timestamp: "2026-01-01T12:00:00.000Z" },
}; // prettier-ignore
const ENVELOPE = { envelope_id: UUID, envelope_timestamp: "2026-01-01T12:00:00.000Z", correlation_id: UUID, source_tool: "a tool", payload_schema_version: { major: 1, minor: 0, patch: 0 } }; // prettier-ignore

/** As it may stand when the message comes: unknown, in each state of a life, and as left by an evil introspection. */
const WAYS: readonly (readonly Stimulus[])[] = [[], ...LIVE_WAYS.map(([, way]) => way), [introspected("a1", { epoch: 0, metadata: { then: "x" } })]]; // prettier-ignore
const ENTITIES: readonly (Entity | undefined)[] = WAYS.map((way) => given(...way).world.entity);

const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.double(),
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
  fc.constantFrom<unknown>(
    ...[
      "",
      " ",
      "\u0000",
      "\ud800",
      "\u001b[2J",
      "\r\n",
      "__proto__",
      "constructor",
      "x".repeat(70_000),
      UUID,
      ID,
      "n2",
    ],
    ...[
      -1,
      -0,
      2 ** 53,
      1e21,
      1e308,
      true,
      false,
      null,
      [],
      [[]],
      [null],
      {},
      { "": null },
      { then: 1 },
      { toJSON: 1 },
    ],
    ...[JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}')],
    ...["http://h:0", "http://h:65536", "file:///", "http://a:b@c", "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z"],
  ),
);

const shapes = fc.record({
  type: fc.constantFrom(...Object.keys(GOOD)),
  enveloped: fc.boolean(),
  entity: fc.constantFrom(...ENTITIES),
});

function takeInBytes(type: string, value: Buffer, entity: Entity | undefined): void {
  const record = { topic: inputTopic(type), partition: HOME, offset: 0, key: null, value, headers: {}, brokerTimeMs: NOON, receivedAtMs: 0 }; // prettier-ignore
  const { plan } = takeIn(record, entity);
  expectHarmless(plan);
  for (const event of plan.told) if (event.kind === "decision") expectDecided(event.message, event.decision.result);
  expect(written(takeIn(record, entity).plan) === written(plan)).toBe(true);
}

function expectDecided(message: Message, result: string): void {
  expect(result).not.toBe("refused");
  expect(message.entityId).toMatch(/^[A-Za-z0-9._:-]{1,255}$/);
}

describe("whatever becomes of a good message", () => {
  it(`${RUNS} times with one field changed to anything, it is refused once or taken`, () => {
    const tally = new Tally();
    fc.assert(
      fc.property(shapes, fc.nat(), anything, fc.boolean(), ({ type, enveloped, entity }, which, value, added) => {
        const good = { ...GOOD[type] };
        const message = enveloped ? { ...ENVELOPE, payload_type: type, payload: good } : good;
        const places = [good, ...(enveloped ? [message] : [])].flatMap((at) => Object.keys(at).map((key) => [at, key] as const)); // prettier-ignore
        const [at, key] = places[which % places.length] ?? [good, ""];
        Object.defineProperty(at, added ? `${key}?` : key, { value, enumerable: true });
        const bytes = Buffer.from(JSON.stringify(message));
        tally.time(() => `${type} ${key}: ${JSON.stringify(value)}`, () => takeInBytes(type, bytes, entity)); // prettier-ignore
      }),
      { numRuns: RUNS },
    );
    tally.report("one field changed, pure");
  }, 120_000);

  it(`${RUNS} times with its bytes changed, it is refused once or taken`, () => {
    const tally = new Tally();
    const change = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      cut: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(400)),
      put: fc.oneof(
        fc.uint8Array({ maxLength: 4 }),
        fc.constantFrom(...['"', "\\", "{", "}", "[", "]", ",", ":", "\\u0000", "\\ud800", '"a":1,', "[".repeat(40), "1e999", "\ufeff", "null"].map((text) => Buffer.from(text))), // prettier-ignore
      ),
    });
    fc.assert(
      fc.property(shapes, fc.array(change, { minLength: 1, maxLength: 4 }), ({ type, enveloped, entity }, changes) => {
        const good = JSON.stringify(enveloped ? { ...ENVELOPE, payload_type: type, payload: GOOD[type] } : GOOD[type]);
        const bytes = changes.reduce((before: Buffer, { at, cut, put }) => {
          const start = Math.floor(at * before.length);
          return Buffer.concat([before.subarray(0, start), put, before.subarray(start + cut)]);
        }, Buffer.from(good));
        tally.time(
          () => bytes.toString("latin1"),
          () => takeInBytes(type, bytes, entity),
        );
      }),
      { numRuns: RUNS },
    );
    tally.report("bytes changed, pure");
  }, 120_000);
});
