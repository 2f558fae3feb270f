import { describe, expect, it } from "vitest";
import type { RegistrationState } from "../../contracts/registration/messages/state.ts";
import { registrationReducer } from "../../reducers/registration/registration.reducer.ts";
import type { EntityView } from "../../runtime/core/handler.ts";
import { toRfc3339 } from "../../runtime/core/time.ts";
import { NOON, entity, node } from "./examples.ts";

const stateWith = (more: Partial<RegistrationState> = {}): RegistrationState => ({
  node: node(),
  failures: [],
  ...more,
});
const update = (name: string, state: RegistrationState, payload: object): RegistrationState => {
  const context = { payload: payload as never, entity: entity("ACTIVE") as never, now: NOON };
  return registrationReducer.updates[name]?.(state as never, context) ?? state;
};
const build = (name: string, state: RegistrationState, on: EntityView<RegistrationState>, payload: object = {}) =>
  registrationReducer.builders[name]?.(state as never, { payload: payload as never, entity: on as never, now: NOON });

const failure = { backend: "consul", error_code: "REFUSED", message: "no" };

describe("the entity's data", () => {
  it("is empty at first", () => {
    expect(registrationReducer.initial).toEqual({ node: null, failures: [] });
  });
  it.each(["start_attempt", "replace_node"])("has the last description of the node (%s)", (name) => {
    const next = node({ node_version: "2.0.0" });
    expect(update(name, stateWith({ failures: [failure] }), { node: next })).toEqual({ node: next, failures: [] });
  });
  it("records failures, and no more fields of them than needed", () => {
    const state = stateWith();
    expect(update("record_failure", state, { ...failure, entity_id: "n1" })).toEqual({ ...state, failures: [failure] });
    expect(state.failures).toEqual([]);
  });
  it("stays bounded however often a refresh fails", () => {
    let state = stateWith();
    const long = { ...failure, message: "x".repeat(10_000) };
    for (let i = 0; i < 20; i++) state = update("record_failure", state, long);
    expect(state.failures).toHaveLength(8);
    expect(state.failures[0]?.message).toHaveLength(512);
  });
});

describe("the intents for Consul", () => {
  const service = {
    service_id: "onex-effect-n1",
    service_name: "onex-effect",
    tags: ["node_type:effect", "node_version:1.2.3", "capability:read", "capability:write"],
    address: "10.0.0.1",
    port: 8080,
  };
  it("register the service with a critical check before the ACK", () => {
    expect(build("emit_consul_intent", stateWith(), entity("PENDING_REGISTRATION"))).toEqual({
      type: "consul.register",
      payload: { ...service, check: { status: "critical", note: "awaiting acknowledgement" } },
    });
  });
  it("register the service with a passing check when an active node is refreshed", () => {
    expect(build("emit_consul_intent", stateWith(), entity("ACTIVE"))).toEqual({
      type: "consul.register",
      payload: { ...service, check: { status: "passing", note: "active" } },
    });
  });
  it("have no address for a node without endpoints", () => {
    const bare = stateWith({ node: node({ endpoints: {} }) });
    expect(build("emit_consul_intent", bare, entity("ACTIVE"))?.payload).toMatchObject({ address: null, port: null });
  });
  it("set the check to passing once the node is active", () => {
    expect(build("emit_consul_status", stateWith(), entity("ACTIVE"))).toEqual({
      type: "consul.set_status",
      payload: { service_id: "onex-effect-n1", status: "passing", note: "active" },
    });
  });
  it("remove the service at an end", () => {
    const taken = { type: "consul.deregister", payload: { service_id: "onex-effect-n1" } };
    expect(build("emit_consul_deregister", stateWith(), entity("REJECTED"))).toEqual(taken);
  });
  it("remove the old service only if the new one has another id", () => {
    const old = (next: object) =>
      build("emit_consul_deregister_old", stateWith(), entity("PENDING_REGISTRATION"), { node: next });
    expect(old(node({ node_version: "9.9.9" }))).toBeNull();
    expect(old(node({ node_type: "compute" }))).toEqual({
      type: "consul.deregister",
      payload: { service_id: "onex-effect-n1" },
    });
  });
});

describe("the intents for Postgres", () => {
  it("write the whole row", () => {
    expect(build("emit_postgres_intent", stateWith(), entity("PENDING_REGISTRATION"))).toEqual({
      type: "postgres.upsert_registration",
      payload: {
        node_id: "n1",
        node_type: "effect",
        node_version: "1.2.3",
        node_name: null,
        endpoints: { api: "http://10.0.0.1:8080" },
        capabilities: ["read", "write"],
        metadata: { zone: "a" },
        status: "PENDING_REGISTRATION",
      },
    });
  });
  const status = (on: EntityView<RegistrationState>, payload = {}) =>
    build("emit_postgres_status", stateWith(), on, payload)?.payload;
  it("write the new state with its deadline", () => {
    const deadlines = { liveness: { at: NOON + 30_000, renewedAt: null } };
    expect(status(entity("ACTIVE", {}, deadlines))).toEqual({
      node_id: "n1",
      status: "ACTIVE",
      last_heartbeat_at: null,
      liveness_deadline: toRfc3339(NOON + 30_000),
    });
  });
  it("write the end, with the last heartbeat of the expiry", () => {
    expect(status(entity("LIVENESS_EXPIRED"), { last_heartbeat_at: toRfc3339(NOON) })).toEqual({
      node_id: "n1",
      status: "LIVENESS_EXPIRED",
      last_heartbeat_at: toRfc3339(NOON),
      liveness_deadline: null,
    });
  });
});

it("emits no intent for an entity without a node", () => {
  const empty = stateWith({ node: null });
  for (const name of Object.keys(registrationReducer.builders))
    expect(build(name, empty, entity(null), { node: node() })).toBeNull();
});
