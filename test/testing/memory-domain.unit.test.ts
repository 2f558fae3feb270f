import { describe, expect, it } from "vitest";
import { registration } from "../../app/modules/registration/module.ts";
import { type Decision, type SentMessage, testDomain, type TestDomainOptions } from "../../app/testing/index.ts";
import { NodeDeregister } from "../../contracts/registration/messages/node-deregister.ts";
import { NodeHeartbeatEvent } from "../../contracts/registration/messages/node-heartbeat-event.ts";
import { NodeIntrospectionEvent } from "../../contracts/registration/messages/node-introspection-event.ts";
import { NodeRegistrationAcked } from "../../contracts/registration/messages/node-registration-acked.ts";
import { PostgresRegistrationConfirmed } from "../../contracts/registration/messages/outcomes.ts";
import { ConsulRegistrationConfirmed } from "../../effects/service-catalog/messages.ts";

const introspected = (node_id = "n1"): SentMessage =>
  NodeIntrospectionEvent.of({ node_id, node_type: "effect", node_version: "1.0.0" });
const acked = NodeRegistrationAcked.of({ node_id: "n1" });
const heartbeat = NodeHeartbeatEvent.of({ node_id: "n1" });
const inConsul = ConsulRegistrationConfirmed.of({ service_id: "n1", version: 1 });
const inPostgres = PostgresRegistrationConfirmed.of({ node_id: "n1", version: 1 });

const typesOf = ({ events, intents }: Decision): readonly string[] => [...events, ...intents].map(({ type }) => type);

/** A domain whose node n1 is written to both backends. */
function accepted(options: TestDomainOptions = {}) {
  const domain = testDomain(registration, options).given(introspected());
  domain.succeed("consul.register", inConsul);
  domain.succeed("postgres.upsert_registration", inPostgres);
  return domain;
}

describe("given and when", () => {
  it("lead to events, intents, states and the reason of a decision", () => {
    const decision = testDomain(registration).when(introspected());
    expect(typesOf(decision)).toEqual(["NodeRegistrationInitiated", "consul.register", "postgres.upsert_registration"]);
    expect(decision).toMatchObject({
      message: "NodeIntrospectionEvent",
      entityId: "n1",
      result: "changed",
      state: "PENDING_REGISTRATION",
      data: { node: { node_id: "n1", node_type: "effect" } },
      reason: expect.stringContaining("attempt 1"),
    });
  });

  it("take a type and a payload as well", () => {
    const payload = { node_id: "n1", node_type: "effect", node_version: "1.0.0" };
    const [one, other] = [testDomain(registration), testDomain(registration)];
    expect(one.when("NodeIntrospectionEvent", payload)).toEqual(other.when(introspected()));
  });

  it("refuse, as given, what changes nothing", () => {
    const domain = testDomain(registration);
    expect(() => domain.given(acked)).toThrow(/^given NodeRegistrationAcked: no_op: /);
    expect(() => domain.given(NodeDeregister.of({ node_id: "n1" }))).toThrow(/^given NodeDeregister: no_op: /);
  });

  it("make a dead letter of a payload that does not fit its schema", () => {
    const domain = testDomain(registration);
    const decision = domain.when("NodeIntrospectionEvent", { node_id: 7 });
    expect(decision).toMatchObject({ result: "refused", deadLetter: "INVALID_PAYLOAD", events: [], state: null });
    expect(decision.reason).toContain("/node_id");
    expect(domain.entity("n1")).toBeUndefined();
  });

  it("take a message of the same id once", () => {
    const domain = testDomain(registration).given({ ...introspected(), id: "m-1" });
    expect(domain.when({ ...introspected(), id: "m-1" })).toMatchObject({
      result: "no_op",
      reason: "duplicate: already processed",
    });
    expect(domain.when({ ...introspected(), id: "m-2" }).result).toBe("absorbed");
  });

  it("keep entities apart", () => {
    const domain = testDomain(registration).given(introspected("n1"), introspected("n2"));
    domain.when(NodeDeregister.of({ node_id: "n2" }));
    expect([domain.entity("n1")?.state, domain.entity("n2")?.state]).toEqual(["PENDING_REGISTRATION", "DEREGISTERED"]);
  });

  it("give the same ids each time", () => {
    const idsOf = (): readonly string[] => accepted().decisions.flatMap(({ events }) => events.map(({ id }) => id));
    expect(idsOf()).toEqual(idsOf());
    expect(new Set(idsOf()).size).toBe(2);
  });

  it("take a sender's time within the allowed skew", () => {
    const domain = testDomain(registration, { now: "2026-03-01T12:00:00Z" });
    const sentAt = "2026-03-01T11:59:58Z";
    expect(domain.when({ ...introspected(), sentAt }).events[0]?.payload["emitted_at"]).toBe(
      "2026-03-01T11:59:58.000Z",
    );
  });
});

describe("intents", () => {
  it("wait until the test says how they ended", () => {
    const domain = testDomain(registration).given(introspected());
    expect(domain.intents.map(({ type }) => type)).toEqual(["consul.register", "postgres.upsert_registration"]);
    expect(domain.succeed("consul.register", inConsul)).toMatchObject({ state: "PENDING_REGISTRATION", events: [] });
    const [intent] = domain.intents;
    expect(typesOf(domain.succeed(intent!, inPostgres))).toEqual(["NodeRegistrationAccepted"]);
    expect(domain.intents).toEqual([]);
  });

  it("fail with a code of their effect", () => {
    const domain = testDomain(registration).given(introspected());
    const decision = domain.fail("consul.register", "CONSUL_REFUSED", "too many tags");
    expect(decision).toMatchObject({ message: "failed(consul.register)", state: "REJECTED" });
    expect(decision.events[0]?.payload).toMatchObject({ rejection_reason: expect.stringContaining("too many tags") });
  });

  it("of one target end in their order", () => {
    const domain = testDomain(registration).given(introspected(), NodeDeregister.of({ node_id: "n1" }));
    expect(() => domain.succeed("consul.deregister")).toThrow(
      /^consul.deregister waits until consul.register of its target/,
    );
    domain.succeed("consul.register", inConsul);
    expect(domain.succeed("consul.deregister")).toMatchObject({ result: "no_op", reason: "consul.deregister: done" });
  });

  it("that are tried for ever can't fail", () => {
    const domain = testDomain(registration).given(introspected(), NodeDeregister.of({ node_id: "n1" }));
    domain.succeed("consul.register", inConsul);
    expect(() => domain.fail("consul.deregister")).toThrow(/tried until it succeeds/);
  });
});

describe("time", () => {
  it("fires each deadline that becomes due, at its time", () => {
    const domain = accepted();
    expect(domain.publish()).toMatchObject([{ state: "AWAITING_ACK", deadlines: { ack: 30_000 } }]);
    expect(domain.advance("29s")).toEqual([]);
    const fired = domain.advance("1m");
    expect(fired).toMatchObject([{ message: "deadline(ack)", state: "ACK_TIMED_OUT" }]);
    expect(fired[0]?.events[0]?.payload["emitted_at"]).toBe("2026-01-01T00:00:30.000Z");
    expect(domain.now).toBe("2026-01-01T00:01:29.000Z");
  });

  it("is moved by nothing else, and lets what is published be confirmed", () => {
    const domain = accepted();
    expect(domain.advance(0)).toMatchObject([{ message: "published(NodeRegistrationAccepted)" }]);
    expect(domain.when(acked)).toMatchObject({ state: "ACTIVE", deadlines: { liveness: 30_000 } });
    domain.advance(20_000);
    expect(domain.when(heartbeat)).toMatchObject({ result: "renewed", deadlines: { liveness: 30_000 } });
    expect(domain.advance("29s")).toEqual([]);
    expect(domain.advance("1s").map(({ state }) => state)).toEqual(["LIVENESS_EXPIRED"]);
  });

  it("is a duration", () => {
    const domain = testDomain(registration);
    for (const duration of ["soon", "-1s", -1, Number.NaN]) expect(() => domain.advance(duration)).toThrow("30s");
  });
});
