import { describe, expect, it } from "vitest";
import { given } from "./given.ts";
import { LIVE_WAYS } from "./reach.ts";
import { acked, confirmed, deadlinePassed, failed, introspected } from "./stimuli.ts";

const writes = ["consul.register", "postgres.upsert_registration"];

describe.each(LIVE_WAYS)("a node that restarts in %s", (_, way) => {
  const restarted = introspected("a2", { epoch: 6 });

  it("begins again, and keeps the registered service with the same id", () => {
    const story = given(...way)
      .when(restarted)
      .leadsTo({
        state: "PENDING_REGISTRATION",
        reducer: "pending",
        events: [["NodeRegistrationInitiated", { attempt: 2, supersedes: given(...way).world.attemptOf("a1") }]],
        intents: writes,
        deadlines: {},
      });
    expect(story.world.attemptOf("a2")).not.toBe(story.world.attemptOf("a1"));
  });

  it("removes the old service if its type has changed", () => {
    given(...way)
      .when(introspected("a2", { epoch: 6, node_type: "compute" }))
      .leadsTo({
        state: "PENDING_REGISTRATION",
        reducer: "pending",
        events: ["NodeRegistrationInitiated"],
        intents: [
          ["consul.deregister", { service_id: "onex-effect-n1" }],
          ["consul.register", { service_id: "onex-compute-n1", check: { status: "critical" } }],
          "postgres.upsert_registration",
        ],
      });
  });

  it("needs both confirmations of its own attempt", () => {
    given(...way, restarted, confirmed("postgres", { of: "a1" }), confirmed("consul"))
      .when(confirmed("consul", { of: "a1" }))
      .leadsToNothing("of another attempt: attempt 2 is current");
    given(...way, restarted, confirmed("consul"))
      .when(confirmed("postgres"))
      .leadsTo({ state: "ACCEPTED", reducer: "complete", events: ["NodeRegistrationAccepted"] });
  });

  it("is not ended by a failure, an ACK or a deadline of the attempt before", () => {
    const again = given(...way, restarted);
    again.when(failed("consul", { of: "a1" })).leadsToNothing("of another attempt");
    again.when(acked("a1")).leadsToNothing("too early");
    again.when(deadlinePassed("ack")).leadsToNothing("disarmed");
    given(...way, restarted, confirmed("consul"), confirmed("postgres"))
      .when(acked("a1"))
      .leadsToNothing("stale ack: attempt 2 is current");
  });
});
