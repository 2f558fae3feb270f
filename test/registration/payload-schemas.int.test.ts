import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { registrationCode } from "../../app/modules/registration/module.ts";
import { exampleOf } from "../../runtime/contract/documents/example.ts";
import { type JsonSchema, standaloneSchema } from "../../runtime/contract/documents/payload-schema.ts";
import { topicMessages } from "../../runtime/contract/documents/topic-messages.ts";
import { filesIn } from "../tidy/sources.ts";
import { shippedDomain } from "./shipped-domain.ts";

const messages = topicMessages(shippedDomain, registrationCode({}).messages);
const ajv = new Ajv2020({
  strict: true,
  allErrors: false,
  formats: { uuid: true, "date-time": true },
  allowUnionTypes: true,
});
const all = messages.map((each) => {
  const schema = standaloneSchema(shippedDomain, each);
  return {
    ...each,
    name: each.type,
    schema,
    accepts: ajv.compile(schema),
    example: exampleOf(schema) as Record<string, unknown>,
  };
});
const received = all.filter(({ direction }) => direction === "received");
const of = (type: string) => all.find((each) => each.type === type);

interface Row {
  readonly line: string;
  readonly kind?: string;
  readonly type?: string;
  readonly payload?: unknown;
  readonly value?: string | null;
}
/** All payloads of the recorded journals: of incoming messages and of published events. */
const recorded = filesIn("test/replay/fixtures", ".ndjson")
  .flatMap(({ text }) => text.trim().split("\n"))
  .map((line) => JSON.parse(line) as Row)
  .flatMap(({ kind, type = "", payload, value }) => {
    if (kind === "event") return [{ type, payload: (JSON.parse(value ?? "null") as { payload: unknown }).payload }];
    return kind === "message" && of(type) ? [{ type, payload }] : [];
  });

/** Values that are nearly valid for fields, and others. */
const values = fc.oneof(
  fc.constantFrom(
    ...[
      "a",
      "",
      "effect",
      "EFFECT",
      "1.2.3",
      "1.2",
      "/",
      "//h",
      "/health",
      "http://h:80",
      "tcp://h",
      "http://user@h",
      "javascript:alert(1)",
      "2026-01-31T12:00:00Z",
      "2026-01-31",
      "5e42b432-a8f2-5d20-a3bd-b1186a9f730c",
      "startup",
      "x\n",
      "\u0085",
      "x".repeat(256),
      "x".repeat(1_025),
    ],
  ),
  fc.constantFrom(
    null,
    true,
    0,
    -1,
    1.5,
    2 ** 53,
    [],
    {},
    [""],
    ["a"],
    ["http://h"],
    { a: "b" },
    { a: 1 },
    { "": "http://h" },
    { major: 1 },
    { major: -1 },
    { minor: 1 },
  ),
  fc.array(fc.constantFrom("a", "http://h", 1, ""), { maxLength: 300 }),
  fc.dictionary(fc.string({ maxLength: 3 }), fc.constantFrom("a", "http://h", false, null), { maxKeys: 70 }),
  fc.stringMatching(/^(https?|grpc|tcp|HTTP):\/\/[a-z.:@ /\\]{0,8}$/),
  fc.stringMatching(/^[0-2]{1,2}\.[0-9]\.[0-9](-[a-z.]{0,3})?$/),
  fc.stringMatching(/^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:00:00(Z|\+01:00)$/),
  fc.string(),
  fc.jsonValue({ maxDepth: 2 }),
);

/** A valid payload with some of its fields set to any value, or left out. */
const payloadsNear = ({ example, schema }: (typeof all)[number]) => {
  const fields = [...Object.keys(schema["properties"] as object), "unknown_field"];
  const change = fc.record({
    field: fc.constantFrom(...fields),
    value: fc.option(values, { nil: undefined, freq: 9 }),
  });
  return fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => {
    const changed = { ...example, ...Object.fromEntries(changes.map(({ field, value }) => [field, value])) };
    return JSON.parse(JSON.stringify(changed)) as Record<string, unknown>;
  });
};

describe("the JSON Schema of a payload", () => {
  it.each(all)(
    "$name names itself, says what it is for, and explains each field that a node sends",
    ({ type, direction, schema }) => {
      expect(schema).toMatchObject({
        $schema: "https://json-schema.org/draft/2020-12/schema",
        $id: `urn:rollcall:registration:${type}:1`,
        title: type,
      });
      expect(schema["description"]).toMatch(/^[A-Z].*\.$/);
      const silent = Object.entries(schema["properties"] as Record<string, JsonSchema>)
        .filter(([, field]) => !field["description"])
        .map(([name]) => name);
      expect(direction === "received" ? silent : []).toEqual([]);
    },
  );

  it.each(all)("$name has an example that it and the runtime accept", ({ accepts, example, message }) => {
    expect([accepts(example), accepts.errors]).toEqual([true, null]);
    expect(message.schema.safeParse(example).success).toBe(true);
  });

  it("accepts every payload of the recorded journals", () => {
    expect(new Set(recorded.map(({ type }) => type)).size).toBeGreaterThan(10);
    for (const { type, payload } of recorded) {
      const schema = of(type);
      expect([type, schema?.accepts(payload), schema?.accepts.errors]).toEqual([type, true, null]);
    }
  });

  it.each(all)("$name refuses a payload without a required field", ({ accepts, example, schema }) => {
    for (const field of schema["required"] as string[]) {
      const { [field]: _, ...rest } = example;
      expect([field, accepts(rest)]).toEqual([field, false]);
    }
  });

  it.each([
    ["node_id", ["", "a b", "x".repeat(256), 1, null, "a\n"]],
    ["node_type", ["gateway", "", 1, null]],
    ["node_version", ["1", "v1.2.3", "", 1.2, {}, { major: -1 }, { major: 1.5 }, { minor: 1 }]],
    ["capabilities", ["read", [1], [""], ["\u001b[2J"], Array.from({ length: 257 }, (_, i) => `c${i}`), { "": 1 }]],
    ["declared_capabilities", ["read", [1]]],
    [
      "endpoints",
      ["http://h", ["h:80"], ["javascript:alert(1)"], ["http://user@h"], { "": "http://h" }, { a: 1 }, ["http:\\\\h"]],
    ],
    ["health_endpoint", ["health", "//evil/health", "/a b", "", 1]],
    ["node_name", ["a\r\nb", "x".repeat(256), {}, 1]],
    ["node_role", ["\u0085", 1]],
    ["reason", ["boredom", "", 1]],
    ["epoch", [-1, 0.5, 2 ** 53, "1"]],
    ["metadata", [{ a: 1 }, ["a"], "a", Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, "x"]))]],
    ["correlation_id", ["abc", 1, ""]],
    [
      "timestamp",
      [
        "yesterday",
        "2025-01-31",
        "2025-01-31T12:00:00",
        "2025-01-31T24:00:00Z",
        1,
        `2025-01-31T12:00:00.${"0".repeat(60)}Z`,
      ],
    ],
  ] as [string, unknown[]][])("of an introspection refuses a broken %s, as the runtime does", (field, broken) => {
    const { accepts, message, example } = of("NodeIntrospectionEvent") as (typeof all)[number];
    for (const value of broken)
      expect([
        value,
        accepts({ ...example, [field]: value }),
        message.schema.safeParse({ ...example, [field]: value }).success,
      ]).toEqual([value, false, false]);
  });

  it.each(all)("$name never refuses a payload that the runtime accepts", (each) => {
    fc.assert(
      fc.property(payloadsNear(each), (payload) => {
        // An event has more fields than its own, which its Zod schema does not require.
        const isWhole = each.direction === "received" || hasAllOf(each.schema, payload);
        if (isWhole && each.message.schema.safeParse(payload).success)
          expect([each.accepts(payload), each.accepts.errors]).toEqual([true, null]);
      }),
      { numRuns: 400 },
    );
  });

  it.each(received)(
    "$name accepts nothing that the runtime refuses, except for rules that no JSON Schema can express",
    (each) => {
      fc.assert(
        fc.property(payloadsNear(each), (payload) => {
          if (!each.accepts(payload)) return;
          const { error } = each.message.schema.safeParse(payload);
          expect(error?.issues.filter(({ path, message }) => !isUnsayable(String(path[0]), message)) ?? []).toEqual([]);
        }),
        { numRuns: 400 },
      );
    },
  );
});

/** docs/reference/protocol.md, JSON Schemas. */
const UNSAYABLE: Readonly<Record<string, RegExp>> = {
  timestamp: /RFC 3339/,
  node_version: /semantic version/,
  endpoints: /tcp URL|Invalid input/,
  health_endpoint: /endpoint's URL/,
};
const isUnsayable = (field: string, message: string): boolean => UNSAYABLE[field]?.test(message) ?? false;

const hasAllOf = (schema: JsonSchema, payload: Record<string, unknown>): boolean => {
  const { properties } = schema as { properties: Record<string, JsonSchema> };
  const every = [
    "entity_id",
    "node_id",
    "correlation_id",
    "causation_id",
    "registration_attempt_id",
    "attempt",
    "entity_seq",
    "emitted_at",
  ];
  return every.every((name) => ajv.validate(properties[name] ?? {}, payload[name]) && name in payload);
};
