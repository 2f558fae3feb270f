import fc from "fast-check";

/** The node of every good message. */
export const ID = "n1";
const UUID = "0198c0de-0000-4000-8000-000000000001";

/** A good message of each type, with every field that it may have. */
const GOOD: Readonly<Record<string, object>> = {
  NodeIntrospectionEvent: {
    ...{
      node_id: ID,
      node_type: "effect",
      node_version: "1.2.3",
      node_name: "a node",
      node_role: "worker",
      reason: "startup",
      epoch: 7,
    },
    ...{
      capabilities: ["read", "write"],
      declared_capabilities: { read: true },
      discovered_capabilities: ["x"],
      health_endpoint: "/health",
    },
    ...{
      endpoints: { api: "http://10.0.0.1:8080" },
      metadata: { zone: "a" },
      correlation_id: UUID,
      timestamp: "2026-01-01T12:00:00.000Z",
    },
  },
  NodeRegistrationAcked: {
    node_id: ID,
    correlation_id: UUID,
    registration_attempt_id: UUID,
    command_id: UUID,
    timestamp: "2026-01-01T12:00:00.000Z",
  },
  NodeHeartbeatEvent: {
    node_id: ID,
    uptime_seconds: 1,
    active_operations_count: 2,
    cpu_usage_percent: 3.5,
    memory_usage_mb: 4,
    correlation_id: UUID,
    timestamp: "2026-01-01T12:00:00.000Z",
  },
  NodeDeregister: { node_id: ID, reason: "maintenance", correlation_id: UUID, timestamp: "2026-01-01T12:00:00.000Z" },
};
const ENVELOPE = {
  envelope_id: UUID,
  envelope_timestamp: "2026-01-01T12:00:00.000Z",
  correlation_id: UUID,
  source_tool: "a tool",
  payload_schema_version: { major: 1, minor: 0, patch: 0 },
};

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

export interface Mutated {
  readonly type: string;
  readonly bytes: Buffer;
  /** What was changed, for people. */
  readonly what: string;
}
const shape = { type: fc.constantFrom(...Object.keys(GOOD)), enveloped: fc.boolean() };
const goodOf = (type: string, enveloped: boolean) => {
  const payload: object = { ...GOOD[type] };
  return { payload, message: enveloped ? { ...ENVELOPE, payload_type: type, payload } : payload };
};

/** A good message with one field changed to anything, or one more. */
export const oneField: fc.Arbitrary<Mutated> = fc
  .record({ ...shape, which: fc.nat(), value: anything, added: fc.boolean() })
  .map(({ type, enveloped, which, value, added }) => {
    const { payload, message } = goodOf(type, enveloped);
    const places = [...new Set([payload, message])].flatMap((at) => Object.keys(at).map((key) => [at, key] as const));
    const [at, key] = places[which % places.length] ?? [payload, ""];
    Object.defineProperty(at, added ? `${key}?` : key, { value, enumerable: true });
    return {
      type,
      bytes: Buffer.from(JSON.stringify(message)),
      what: `${type} ${key}: ${JSON.stringify(value)}`.slice(0, 100),
    };
  });

const put = fc.oneof(
  fc.uint8Array({ maxLength: 4 }),
  fc.constantFrom(
    ...[
      '"',
      "\\",
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      "\\u0000",
      "\\ud800",
      '"a":1,',
      "[".repeat(40),
      "1e999",
      "\ufeff",
      "null",
    ].map((text) => Buffer.from(text)),
  ),
);
const change = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  cut: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(400)),
  put,
});

/** A good message with bytes taken out, put in or exchanged. */
export const someBytes: fc.Arbitrary<Mutated> = fc
  .record({ ...shape, changes: fc.array(change, { minLength: 1, maxLength: 4 }) })
  .map(({ type, enveloped, changes }) => {
    const good = Buffer.from(JSON.stringify(goodOf(type, enveloped).message));
    const bytes = changes.reduce((before: Buffer, { at, cut, put: more }) => {
      const start = Math.floor(at * before.length);
      return Buffer.concat([before.subarray(0, start), more, before.subarray(start + cut)]);
    }, good);
    return { type, bytes, what: bytes.toString("latin1").slice(0, 100) };
  });
