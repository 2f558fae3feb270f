import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TracedSystem, TRACEPARENT } from "./registration/traced-node.ts";

describe("a message's traceparent, without an OpenTelemetry SDK", () => {
  let traced: TracedSystem;
  beforeAll(async () => (traced = await TracedSystem.open()));
  afterAll(() => traced.close());

  it("is passed on to every event of the attempt, and to Consul", async () => {
    await traced.say("NodeIntrospectionEvent", "n-traced", TRACEPARENT);
    await traced.bench.until("n-traced", "AWAITING_ACK");
    await traced.say("NodeRegistrationAcked", "n-traced", TRACEPARENT);
    await traced.bench.until("n-traced", "ACTIVE");
    expect(Object.fromEntries(await traced.events("n-traced"))).toEqual({
      NodeRegistrationInitiated: TRACEPARENT,
      NodeRegistrationAccepted: TRACEPARENT,
      NodeRegistrationAckReceived: TRACEPARENT,
      NodeBecameActive: TRACEPARENT,
    });
    expect(new Set(traced.written("n-traced"))).toEqual(new Set([TRACEPARENT]));
  });

  it("is absent when the node sent none", async () => {
    await traced.say("NodeIntrospectionEvent", "n-bare");
    await traced.bench.until("n-bare", "AWAITING_ACK");
    expect(new Set((await traced.events("n-bare")).values())).toEqual(new Set([undefined]));
    expect(new Set(traced.written("n-bare"))).toEqual(new Set([undefined]));
  });

  it("is kept when another process performs the intent", async () => {
    traced.consulBreaks();
    await traced.say("NodeIntrospectionEvent", "n-resumed", TRACEPARENT);
    await traced.bench.until("n-resumed", "PENDING_REGISTRATION");
    await traced.bench.close();
    const brokenTries = traced.written("n-resumed").length;
    traced.consulAgrees();
    await traced.start();
    await traced.bench.until("n-resumed", "AWAITING_ACK");
    expect(traced.written("n-resumed").length).toBeGreaterThan(brokenTries);
    expect(new Set(traced.written("n-resumed"))).toEqual(new Set([TRACEPARENT]));
    expect((await traced.events("n-resumed")).get("NodeRegistrationAccepted")).toBe(TRACEPARENT);
  });
});
