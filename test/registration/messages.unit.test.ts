import { describe, expect, it } from "vitest";
import { NodeHeartbeatEvent } from "../../contracts/registration/messages/node-heartbeat-event.ts";
import { NodeIntrospectionEvent } from "../../contracts/registration/messages/node-introspection-event.ts";
import { NodeRegistrationAcked } from "../../contracts/registration/messages/node-registration-acked.ts";
import { introspection, taken } from "./examples.ts";

describe("an introspection in its canonical form", () => {
  it("has every default", () => {
    expect(introspection()).toEqual({
      node_id: "n1",
      node_type: "effect",
      node_version: "1.0.0",
      capabilities: [],
      endpoints: {},
      metadata: {},
      reason: "startup",
    });
  });

  it.each([
    ["node_type in any case", { node_type: "OrCheStrator" }, { node_type: "orchestrator" }],
    ["a version's parts", { node_version: { major: 2, minor: 1, patch: 0 } }, { node_version: "2.1.0" }],
    ["a version's major alone", { node_version: { major: 2 } }, { node_version: "2.0.0" }],
    [
      "a prerelease",
      { node_version: { major: 1, minor: 0, patch: 0, prerelease: ["rc", 1], build: "b7" } },
      { node_version: "1.0.0-rc.1+b7" },
    ],
    [
      "a version with nulls",
      { node_version: { major: 1, minor: 2, patch: 3, prerelease: null, build: null } },
      { node_version: "1.2.3" },
    ],
    ["capabilities without repeats", { capabilities: ["b", "a", "b"] }, { capabilities: ["b", "a"] }],
    [
      "a capabilities object as the names it has",
      { capabilities: { a: true, b: false, c: null, d: { max: 3 }, e: 0 } },
      { capabilities: ["a", "d", "e"] },
    ],
    [
      "the details of a capabilities object",
      { capabilities: { d: { max: 3 } } },
      { capability_details: { d: { max: 3 } } },
    ],
    ["declared_capabilities", { declared_capabilities: ["a"] }, { capabilities: ["a"] }],
    [
      "capabilities before declared_capabilities",
      { capabilities: [], declared_capabilities: ["a"] },
      { capabilities: [] },
    ],
    [
      "discovered_capabilities in metadata",
      { discovered_capabilities: ["x"], metadata: { a: "b" } },
      { metadata: { discovered_capabilities: '["x"]', a: "b" } },
    ],
    [
      "a list of endpoints by names",
      { endpoints: ["http://a:1", "grpc://b:2"] },
      { endpoints: { "endpoint-1": "http://a:1", "endpoint-2": "grpc://b:2" } },
    ],
    [
      "a map of endpoints as it is",
      { endpoints: { api: "https://a/x?y=z" } },
      { endpoints: { api: "https://a/x?y=z" } },
    ],
    [
      "ids in lower case",
      { correlation_id: "ABCDEFAB-CDEF-4BCD-8BCD-ABCDEFABCDEF" },
      { correlation_id: "abcdefab-cdef-4bcd-8bcd-abcdefabcdef" },
    ],
    ["unknown fields as they are", { colour: { deep: [1, null] } }, { colour: { deep: [1, null] } }],
  ])("has %s", (_, given, expected) => {
    expect(introspection(given)).toMatchObject(expected);
  });

  it("has neither nulls nor aliases", () => {
    const payload = introspection({
      node_name: null,
      epoch: null,
      capabilities: null,
      endpoints: null,
      metadata: null,
      reason: null,
      correlation_id: "00000000-0000-0000-0000-000000000000",
      declared_capabilities: null,
      discovered_capabilities: null,
    });
    expect(payload).toEqual(introspection());
  });

  it("is its own canonical form", () => {
    const once = introspection({ capabilities: { a: 1 }, endpoints: ["http://a:1"], discovered_capabilities: [1] });
    expect(introspection(once)).toEqual(once);
  });

  it.each(["__proto__", "constructor", "toString", "then", "hasOwnProperty"])(
    "takes the key %s as an ordinary name",
    (key) => {
      const value = `{"node_id":"n1","node_type":"effect","${key}":{"polluted":1},"metadata":{"${key}":"x"},
      "endpoints":{"${key}":"http://a:1"},"capabilities":{"${key}":{"polluted":1}}}`;
      const payload = taken(NodeIntrospectionEvent, JSON.parse(value)) as Record<string, object>;
      expect({}).not.toHaveProperty("polluted");
      for (const copy of [payload, payload["metadata"], payload["endpoints"], payload["capability_details"]]) {
        expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
        expect(Object.hasOwn(copy as object, key)).toBe(key !== "__proto__");
      }
    },
  );
});

const many = <Value>(count: number, value: (i: number) => Value) => Array.from({ length: count }, (_, i) => value(i));
const mapOf = (count: number, value: string) => Object.fromEntries(many(count, (i) => [`k${i}`, value]));

describe("an introspection is refused for", () => {
  it.each([
    ["no node_id", { node_id: undefined }],
    ["an empty id", { node_id: "" }],
    ["a long id", { node_id: "x".repeat(256) }],
    ["an id of 10,000 characters", { node_id: "x".repeat(10_000) }],
    ...[
      "a b",
      `a"b`,
      "a'b",
      "a; drop table x",
      "$1",
      "a\0",
      "../..",
      "a/b",
      "a\r\nb",
      "a\n",
      "\x1b[31m",
      "\u202ea",
      "<script>",
      "a\u200bb",
      "ä",
      "n1 ",
    ].map((node_id): [string, object] => [`the id ${JSON.stringify(node_id)}`, { node_id }]),
    ["an id that is a number", { node_id: 7 }],
    ["no node_type", { node_type: undefined }],
    ["an unknown node_type", { node_type: "gateway" }],
    ["a node_type that is a number", { node_type: 1 }],
    ["node_type null", { node_type: null }],
    ...[
      "1",
      "1.2",
      "v1.2.3",
      "1.2.3.4",
      "01.2.3",
      "1.2.3-",
      "latest",
      "",
      " 1.2.3",
      "1.2.-3",
      "99999999999999999999.0.0",
      `1.0.0-${"a".repeat(10_000)}`,
    ].map((node_version): [string, object] => [
      `version ${JSON.stringify(node_version.slice(0, 30))}`,
      { node_version },
    ]),
    ["a version without major", { node_version: { minor: 1 } }],
    ["a negative version", { node_version: { major: -1 } }],
    ["a version of a fraction", { node_version: { major: 1.5 } }],
    ["a version's bad prerelease", { node_version: { major: 1, prerelease: "a b" } }],
    ["a version that is a number", { node_version: 1.2 }],
    ["257 capabilities", { capabilities: many(257, (i) => `c${i}`) }],
    ["100,000 capabilities", { capabilities: many(100_000, (i) => `c${i}`) }],
    ["257 capability keys", { capabilities: mapOf(257, "x") }],
    ["a capability that is no text", { capabilities: [1] }],
    ["an empty capability", { capabilities: [""] }],
    ["a capability with an escape sequence", { capabilities: ["\x1b[2J"] }],
    ["capabilities that are text", { capabilities: "read" }],
    ["bad declared_capabilities", { declared_capabilities: [1] }],
    ["65 endpoints", { endpoints: many(65, (i) => `http://h${i}`) }],
    ["65 named endpoints", { endpoints: mapOf(65, "http://h") }],
    ["an endpoint without a name", { endpoints: { "": "http://h" } }],
    ["a metadata of 65", { metadata: mapOf(65, "x") }],
    ["metadata that is no text", { metadata: { a: 1 } }],
    ["metadata that is a list", { metadata: ["a"] }],
    ["an unknown reason", { reason: "boredom" }],
    ["a negative epoch", { epoch: -1 }],
    ["an epoch that is a fraction", { epoch: 0.5 }],
    ["an epoch beyond 2^53", { epoch: 2 ** 53 }],
    ["an epoch that is text", { epoch: "1" }],
    ["a node_name that is a map", { node_name: {} }],
    ["a node_name with CR LF", { node_name: "a\r\nb" }],
    ["a health endpoint with another host", { health_endpoint: "//evil/health" }],
    ["a relative health endpoint", { health_endpoint: "health" }],
    ["a correlation_id that is no UUID", { correlation_id: "abc" }],
    ...[
      "yesterday",
      "2025-01-31",
      "2025-01-31T12:00:00",
      "2025-02-30T12:00:00Z",
      "2025-01-31T24:00:00Z",
      "2025-01-31 12:00:00Z",
      "",
      "-1",
      "+010000-01-01T00:00:00Z",
    ].map((timestamp): [string, object] => [`the time ${JSON.stringify(timestamp)}`, { timestamp }]),
    ["a time that is a number", { timestamp: 1_700_000_000 }],
  ] as [string, object][])("%s", (_, bad) => {
    expect(NodeIntrospectionEvent.schema.safeParse({ node_id: "n1", node_type: "effect", ...bad }).success).toBe(false);
  });

  it.each([
    "file:///etc/passwd",
    "javascript:alert(1)",
    "ftp://h",
    "data:text/plain,x",
    "ws://h",
    "h:80",
    "http:h",
    "http:/h",
    "http://",
    "http:///x",
    "http://user:secret@h/",
    "http://user@h/",
    "http://@h/",
    "tcp://u:p@h:1",
    "http://h:0",
    "http://h:65536",
    "http://h:-1",
    "tcp://h:0",
    "grpc://h:99999",
    "http://h h/",
    " http://h",
    "http://h\n",
    "http://h/\tx",
    "http:\\\\h",
    "http://h\\x",
    "http://<script>",
    "grpc://<script>",
    "tcp://%41",
    "http://%00/",
    "http://169.254.169.254/latest/meta-data",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "grpc://2852039166:1",
    "tcp://0251.0376.0251.0376:80",
    "http://[::ffff:169.254.169.254]/",
    "http://[fd00:ec2::254]/",
    "http://metadata.google.internal/",
    "http://METADATA.google.internal./",
    `http://h/${"x".repeat(2048)}`,
    "",
  ])("the endpoint %s", (url) => {
    for (const endpoints of [[url], { api: url }])
      expect(NodeIntrospectionEvent.schema.safeParse({ node_id: "n1", node_type: "effect", endpoints }).success).toBe(
        false,
      );
    if (url !== "http:///x")
      expect(
        NodeIntrospectionEvent.schema.safeParse({ node_id: "n1", node_type: "effect", health_endpoint: url }).success,
      ).toBe(false);
  });
});

describe("an introspection is taken with", () => {
  it.each([
    ...[
      "http://localhost:8080",
      "https://h",
      "HTTP://H/",
      "grpc://a-b.c:50051",
      "grpcs://h:443",
      "tcp://10.0.0.1:9092",
      "tcp://[::1]:65535",
      "http://my_service:1/p?x=@y#z",
      "http://bücher.example",
    ].map((url): [string, object] => [url, { endpoints: { api: url }, health_endpoint: url }]),
    ["a health path", { health_endpoint: "/health?full=1" }],
    ["every character of an id", { node_id: "AZaz09._:-" }],
    ["an id of 255", { node_id: "x".repeat(255) }],
    [
      "256 capabilities, 64 endpoints, 64 metadata",
      {
        capabilities: many(256, (i) => `c${i}`),
        endpoints: mapOf(64, "tcp://h:1"),
        metadata: mapOf(64, "x".repeat(600)),
      },
    ],
    ["keys equal after NFC", { metadata: { "\u00e9": "a", "e\u0301": "b" } }],
    ["an empty metadata key", { metadata: { "": "a" } }],
    ["epoch 0", { epoch: 0 }],
    ["an offset and microseconds", { timestamp: "2025-01-31T12:00:00.123456+05:30" }],
    ["year 9999: the broker's clock holds it", { timestamp: "9999-12-31T23:59:59Z" }],
  ] as [string, object][])("%s", (_, good) => {
    expect(() => introspection(good)).not.toThrow();
  });
});

describe("the other messages", () => {
  it("a heartbeat may leave its figures out, or null", () => {
    expect(taken(NodeHeartbeatEvent, { node_id: "n1", cpu_usage_percent: null, x: 1 })).toEqual({
      node_id: "n1",
      x: 1,
    });
  });
  it.each([{ uptime_seconds: -1 }, { active_operations_count: 1.5 }, { cpu_usage_percent: "9" }, { node_id: "a b" }])(
    "a heartbeat with %j is refused",
    (bad) => {
      expect(NodeHeartbeatEvent.schema.safeParse({ node_id: "n1", ...bad }).success).toBe(false);
    },
  );
  it("an ACK's ids compare in lower case", () => {
    const id = "ABCDEFAB-CDEF-4BCD-8BCD-ABCDEFABCDEF";
    expect(taken(NodeRegistrationAcked, { node_id: "n1", registration_attempt_id: id, correlation_id: id })).toEqual({
      node_id: "n1",
      registration_attempt_id: id.toLowerCase(),
      correlation_id: id.toLowerCase(),
    });
  });
  it("an ACK with an id that is no UUID is refused", () => {
    expect(NodeRegistrationAcked.schema.safeParse({ node_id: "n1", registration_attempt_id: "1" }).success).toBe(false);
  });
});
