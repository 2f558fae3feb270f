import { describe, expect, it } from "vitest";
import { parseEndpointAddress } from "../../contracts/registration/messages/endpoint.ts";
import {
  answersCurrentAttempt,
  truncate,
  firstAddress,
  hasSameContent,
  serviceId,
  stalenessReason,
} from "../../contracts/registration/messages/rules.ts";
import { toRfc3339 } from "../../runtime/core/time.ts";
import { ATTEMPT, NOON, REQUEST, SKEW_MS, entity, node } from "./examples.ts";

const at = (ms: number, more = {}) => node({ introspected_at: toRfc3339(ms), ...more });
const OTHER = "33333333-3333-4333-8333-333333333333";

describe("staleness", () => {
  it.each([
    ["a lower epoch is stale", at(NOON, { epoch: 1 }), at(NOON, { epoch: 2 }), true],
    ["an equal epoch is not, whatever the times", at(NOON - 60_000, { epoch: 2 }), at(NOON, { epoch: 2 }), false],
    ["a higher epoch is not, whatever the times", at(NOON - 60_000, { epoch: 3 }), at(NOON, { epoch: 2 }), false],
    ["epoch 0 is an epoch", at(NOON, { epoch: 0 }), at(NOON, { epoch: 1 }), true],
    ["without epochs, just within the skew is not", at(NOON - SKEW_MS), at(NOON), false],
    ["without epochs, just beyond the skew is", at(NOON - SKEW_MS - 1), at(NOON), true],
    ["an epoch on one side only can't be compared: time decides", at(NOON - 60_000, { epoch: 9 }), at(NOON), true],
    ["nor on the other side", at(NOON - 60_000), at(NOON, { epoch: 9 }), true],
    ["a younger one is not", at(NOON + 60_000), at(NOON), false],
  ])("%s", (_, next, held, stale) => {
    expect(stalenessReason(next, held, SKEW_MS) !== null).toBe(stale);
  });
});

describe("content", () => {
  it.each([
    ["node_type", { node_type: "compute" as const }],
    ["node_version", { node_version: "1.2.4" }],
    ["node_name", { node_name: "b" }],
    ["node_role", { node_role: "b" }],
    ["capabilities", { capabilities: ["read"] }],
    ["an endpoint's URL", { endpoints: { api: "http://10.0.0.2:8080" } }],
    ["an endpoint's name", { endpoints: { rpc: "http://10.0.0.1:8080" } }],
    ["health_endpoint", { health_endpoint: "/health" }],
    ["metadata", { metadata: { zone: "b" } }],
    ["a metadata key named like an inherited property", { metadata: { toString: "a" } }],
  ])("differs by %s", (_, more) => {
    expect(hasSameContent(node(), node(more))).toBe(false);
    expect(hasSameContent(node(more), node())).toBe(false);
    expect(hasSameContent(node(more), node(more))).toBe(true);
  });

  it.each([
    ["the order of capabilities", { capabilities: ["write", "read"] }],
    ["the time", { introspected_at: toRfc3339(NOON + 1) }],
    ["the epoch", { epoch: 7 }],
    ["unknown fields", { colour: "red" }],
  ])("does not differ by %s", (_, more) => {
    expect(hasSameContent(node(), node(more))).toBe(true);
  });
});

describe("an ACK", () => {
  const current = { ...entity("AWAITING_ACK"), attempt: { number: 2, id: ATTEMPT, correlationIds: [REQUEST, OTHER] } };
  it.each([
    ["that names nothing answers any attempt", {}, true],
    ["that names the attempt answers it", { registration_attempt_id: ATTEMPT }, true],
    ["that names the request answers it", { correlation_id: REQUEST }, true],
    ["that names an absorbed request answers it", { correlation_id: OTHER }, true],
    ["that names both answers it", { registration_attempt_id: ATTEMPT, correlation_id: REQUEST }, true],
    ["of another attempt does not", { registration_attempt_id: OTHER }, false],
    ["of another request does not", { correlation_id: ATTEMPT }, false],
    ["with one right and one wrong does not", { registration_attempt_id: ATTEMPT, correlation_id: ATTEMPT }, false],
    ["with one wrong and one right does not", { registration_attempt_id: OTHER, correlation_id: REQUEST }, false],
  ])("%s", (_, ids, answers) => {
    expect(answersCurrentAttempt({ node_id: "n1", ...ids }, current)).toBe(answers);
  });
});

describe("the service in Consul", () => {
  it("has a name of the type, and an id of type and node", () => {
    expect(serviceId(node({ node_id: "a:b.c" }))).toBe("onex-effect-a:b.c");
  });

  it.each([
    ["http://h:8080/x", { address: "h", port: 8080 }],
    ["http://h", { address: "h", port: 80 }],
    ["https://h", { address: "h", port: 443 }],
    ["grpc://h:50051", { address: "h", port: 50051 }],
    ["grpcs://h", { address: "h", port: 443 }],
    ["tcp://[::1]:9", { address: "::1", port: 9 }],
    ["tcp://h", { address: "h", port: null }],
  ])("reads %s", (url, address) => {
    expect(parseEndpointAddress(url)).toEqual(address);
  });

  it("has the address of the first endpoint, or none", () => {
    expect(firstAddress(node({ endpoints: { b: "http://b:1", a: "http://a:2" } }))).toEqual({ address: "b", port: 1 });
    expect(firstAddress(node({ endpoints: {} }))).toBeNull();
  });
});

it("truncates a text without leaving half a surrogate pair", () => {
  expect(truncate("ab😀", 3)).toBe("ab");
  expect(truncate("ab😀", 4)).toBe("ab😀");
});
