import fc from "fast-check";
import { expect, it } from "vitest";
import { NodeIntrospectionEvent } from "../../contracts/registration/messages/node-introspection-event.ts";
import { RegisteredNode, nodeOf } from "../../contracts/registration/messages/registered-node.ts";
import { firstAddress, hasSameContent } from "../../contracts/registration/messages/rules.ts";
import type { Json, Payload, PayloadOf } from "../../runtime/core/message.ts";
import { registrationReducer } from "../../reducers/registration/registration.reducer.ts";
import { NOON, entity } from "./examples.ts";

const name = fc.stringMatching(/^[A-Za-z0-9._:-]{1,40}$/);
const url = fc
  .tuple(fc.constantFrom("http", "https", "grpc", "grpcs", "tcp"), fc.domain(), fc.integer({ min: 1, max: 65_535 }))
  .map(([scheme, host, port]) => `${scheme}://${host}:${port}`);
const version = fc.oneof(
  fc.tuple(fc.nat(), fc.nat(), fc.nat()).map((parts) => parts.join(".")),
  fc.record({ major: fc.nat(), minor: fc.nat(), patch: fc.nat() }),
);

const introspections = fc.record(
  {
    node_id: name,
    node_type: fc.constantFrom("effect", "COMPUTE", "Reducer", "orchestrator"),
    node_version: version,
    capabilities: fc.oneof(fc.array(name, { maxLength: 9 }), fc.dictionary(name, fc.jsonValue(), { maxKeys: 9 })),
    declared_capabilities: fc.array(name, { maxLength: 9 }),
    discovered_capabilities: fc.jsonValue(),
    endpoints: fc.oneof(fc.array(url, { maxLength: 5 }), fc.dictionary(name, url, { maxKeys: 5 })),
    health_endpoint: fc.oneof(url, fc.constant("/health")),
    node_name: name,
    reason: fc.constantFrom("startup", "shutdown", "request", "heartbeat", "health_change", "capability_change"),
    epoch: fc.maxSafeNat(),
    metadata: fc.dictionary(fc.string(), fc.string(), { maxKeys: 9 }),
    correlation_id: fc.uuid(),
    timestamp: fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date(NOON) })
      .map((date) => date.toISOString()),
    unknown_field: fc.jsonValue(),
  },
  { requiredKeys: ["node_id", "node_type"] },
);

/** The steps of an accepted introspection up to its intents. */
function useUp(payload: Payload): void {
  const canonical = NodeIntrospectionEvent.normalize(payload);
  const node = nodeOf(canonical as unknown as PayloadOf<typeof NodeIntrospectionEvent>, NOON);
  expect(RegisteredNode.safeParse(node).error).toBeUndefined();
  expect(NodeIntrospectionEvent.schema.safeParse(canonical).error).toBeUndefined();
  expect(NodeIntrospectionEvent.normalize(canonical)).toEqual(canonical);
  expect(hasSameContent(node, JSON.parse(JSON.stringify(node)))).toBe(true);
  expect(Object.keys(node.endpoints).length === 0 || firstAddress(node) !== null).toBe(true);
  const state = { node, failures: [] };
  for (const build of Object.values(registrationReducer.builders))
    build(state as never, { payload: { node } as never, entity: entity("ACTIVE", state) as never, now: NOON });
}

it("every valid introspection is accepted, and its canonical form is valid for all later code", () => {
  fc.assert(
    fc.property(introspections, (payload) => {
      const checked = NodeIntrospectionEvent.schema.safeParse(payload);
      expect(checked.error).toBeUndefined();
      useUp(payload as Payload);
      if (checked.data) useUp(checked.data);
    }),
    { numRuns: 500 },
  );
}, 60_000);

it("an introspection with one field of any value is refused or harmless", () => {
  const fields = Object.keys(NodeIntrospectionEvent.shape);
  const anything = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.string({ unit: "binary" }),
    fc.constantFrom("", -1, 2 ** 53, 1e308, "x".repeat(10_000), "\u0000", "__proto__", {}, [], [[]], [null], {
      "": null,
    }),
    fc.constant(JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}')),
    fc.webUrl(),
  );
  fc.assert(
    fc.property(introspections, fc.constantFrom(...fields), anything, (payload, field, value) => {
      const checked = NodeIntrospectionEvent.schema.safeParse({ ...payload, [field]: value as Json });
      if (checked.success) useUp(checked.data);
      expect({}).not.toHaveProperty("polluted");
    }),
    { numRuns: 1_500 },
  );
}, 60_000);
