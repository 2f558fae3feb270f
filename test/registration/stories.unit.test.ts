import { describe, expect, it } from "vitest";
import { toRfc3339 } from "../../runtime/core/time.ts";
import { NOON } from "./examples.ts";
import { given } from "./given.ts";
import { LIVE_WAYS, accepted, active, awaitingAck, partial, pending } from "./reach.ts";
import {
  acked,
  ackedNaming,
  confirmed,
  dated,
  deadlinePassed,
  deadlinePassedTooSoon,
  deregistered,
  failed,
  heartbeat,
  introspected,
  later,
  published,
} from "./stimuli.ts";

const writes = ["consul.register", "postgres.upsert_registration"];
const takesBack = ["consul.deregister", "postgres.update_registration"];
const activation = ["NodeRegistrationAckReceived", "NodeBecameActive"];

describe("an introspection that joins the running attempt", () => {
  const story = given(...accepted, introspected("a2", { epoch: 5 }));

  it("allows an ACK with its request", () => {
    const twin = given(...accepted)
      .when(introspected("a2", { epoch: 5 }))
      .joinsTheAttempt("joins attempt 1");
    twin.when(ackedNaming({ request: "a2" })).leadsTo({
      state: "ACTIVE",
      reducer: "complete",
      events: activation,
      intents: ["consul.set_status", "postgres.update_registration"],
    });
  });
  it("does not allow an ACK with its request and another attempt", () => {
    story.when(ackedNaming({ request: "a2", attempt: "a2" })).leadsToNothing("stale ack");
  });
  it("is one of at most eight requests that an ACK may have", () => {
    const nine = Array.from({ length: 9 }, (_, i) => introspected(`b${i}`, { epoch: 5 }));
    const crowded = given(...accepted, ...nine);
    expect(crowded.world.entity?.attempt.correlationIds).toHaveLength(9);
    crowded.when(ackedNaming({ request: "b8" })).leadsToNothing("stale ack");
    crowded.when(ackedNaming({ request: "b7" })).leadsTo({
      state: "ACTIVE",
      reducer: "complete",
      events: activation,
      intents: ["consul.set_status", "postgres.update_registration"],
    });
  });
});

describe("an active node", () => {
  it("with a changed description stays active and is written again, passing", () => {
    given(...active)
      .when(later(1_000), introspected("a2", { epoch: 5, endpoints: { api: "http://10.0.0.2:9090" } }))
      .leadsTo({
        state: "ACTIVE",
        reducer: "complete",
        events: [["NodeUpdated", { attempt: 1, node: { endpoints: { api: "http://10.0.0.2:9090" } } }]],
        intents: [
          ["consul.register", { address: "10.0.0.2", port: 9090, check: { status: "passing" }, version: 5 }],
          ["postgres.upsert_registration", { status: "ACTIVE", version: 5 }],
        ],
        deadlines: { liveness: 30_000 },
      })
      .when(confirmed("consul"), confirmed("postgres"))
      .leadsToNothing("nothing waits for it in ACTIVE");
  });

  it("whose refresh fails stays active", () => {
    given(...active, introspected("a2", { epoch: 5, node_version: "2.0.0" }))
      .when(failed("consul"))
      .leadsTo({ state: "ACTIVE", reducer: "complete" });
  });

  it("with the same description again has its liveness renewed", () => {
    const story = given(...active)
      .when(later(1_000), introspected("a2", { epoch: 5 }))
      .joinsTheAttempt("heartbeat");
    expect(story.world.entity?.deadlines["liveness"]).toEqual({ at: NOON + 31_000, renewedAt: NOON + 1_000 });
  });

  it("is not kept alive by messages of an earlier process", () => {
    given(...active)
      .when(later(1_000), introspected("a0", { epoch: 4 }))
      .leadsToNothing("stale introspection");
  });

  it("stays active when a deadline fires that a heartbeat has moved", () => {
    given(...active, later(1_000), heartbeat())
      .when(deadlinePassedTooSoon("liveness"))
      .leadsToNothing("moved to");
  });

  it("does not have its deadline moved back by a late heartbeat", () => {
    given(...active, later(9_000), heartbeat())
      .when(dated(NOON, heartbeat()))
      .leadsToNothing("liveness stays at");
  });
});

describe("without epochs", () => {
  const way = [introspected("a1"), confirmed("consul"), confirmed("postgres")];
  const repartitioned = (behindMs: number, more = {}) => dated(NOON - behindMs, introspected("a0", more));

  it("an introspection older than the known one is stale", () => {
    given(...way)
      .when(repartitioned(5_001, { node_version: "0.9.0" }))
      .leadsToNothing("stale introspection: 5001 ms before");
    given(...way)
      .when(repartitioned(5_001, { reason: "shutdown" }))
      .leadsToNothing("stale introspection: 5001 ms before");
  });
  it("an older one within the clock skew is not", () => {
    given(...way)
      .when(repartitioned(5_000, { node_version: "0.9.0" }))
      .leadsTo({
        state: "PENDING_REGISTRATION",
        reducer: "pending",
        events: ["NodeRegistrationInitiated"],
        intents: writes,
      });
  });
  it("after the end none is stale", () => {
    given(...way, deregistered())
      .when(repartitioned(60_000))
      .leadsTo({
        state: "PENDING_REGISTRATION",
        reducer: "pending",
        events: [["NodeRegistrationInitiated", { attempt: 2, supersedes: null }]],
        intents: writes,
      });
  });
});

describe("an attempt that fails", () => {
  it.each([
    ["before any backend confirmed", pending],
    ["after the other backend confirmed", partial],
  ])("%s takes back what was registered", (_, way) => {
    given(...way)
      .when(failed("consul"))
      .leadsTo({
        state: "REJECTED",
        reducer: "idle",
        events: [
          [
            "NodeRegistrationRejected",
            {
              rejection_reason: "consul: REFUSED consul said no",
              failed_backends: [{ backend: "consul", error_code: "REFUSED", message: "consul said no" }],
            },
          ],
        ],
        intents: [
          ["consul.deregister", { service_id: "onex-effect-n1" }],
          ["postgres.update_registration", { status: "REJECTED" }],
        ],
      });
  });
  it("has ended: the other backend's outcome changes nothing", () => {
    given(...pending, failed("consul"))
      .when(confirmed("postgres"))
      .leadsToNothing("nothing waits for it in REJECTED");
    given(...pending, failed("consul"))
      .when(failed("postgres"))
      .leadsToNothing("nothing waits for it in REJECTED");
  });
});

it.each(LIVE_WAYS)("an end in %s undoes the registrations", (_, way) => {
  given(...way)
    .when(deregistered("maintenance"))
    .leadsTo({
      state: "DEREGISTERED",
      reducer: "idle",
      events: [["NodeDeregistered", { reason: "maintenance" }]],
      intents: takesBack,
      deadlines: {},
    });
});

describe("an ACK", () => {
  it("ends the wait before its deadline, which is then disarmed", () => {
    given(...awaitingAck, acked("a1"))
      .when(deadlinePassed("ack"))
      .leadsToNothing("deadline(ack): disarmed");
  });
  it("may arrive before the publish of the acceptance is confirmed", () => {
    given(...accepted, acked("a1"))
      .when(published("NodeRegistrationAccepted"))
      .leadsToNothing("nothing waits for it in ACTIVE");
  });
  it("is too late after its deadline", () => {
    given(...awaitingAck)
      .when(deadlinePassed("ack"))
      .leadsTo({
        state: "ACK_TIMED_OUT",
        reducer: "idle",
        events: [["NodeRegistrationAckTimedOut", { deadline_at: toRfc3339(NOON + 30_000) }]],
        intents: takesBack,
      })
      .when(acked("a1"))
      .leadsToNothing("no attempt waits for an ACK");
  });
  it("of an earlier attempt is stale", () => {
    given(...awaitingAck, deadlinePassed("ack"), introspected("a2"), confirmed("consul"), confirmed("postgres"))
      .when(acked("a1"))
      .leadsToNothing("stale ack: attempt 2 is current");
  });
  it("is a duplicate when it arrives twice", () => {
    given(...active)
      .when(acked("a1"))
      .leadsToNothing("duplicate: already active");
  });
});

it("a confirmation that arrives twice counts once", () => {
  given(...pending, confirmed("consul"))
    .when(confirmed("consul"))
    .leadsTo({ state: "PENDING_REGISTRATION", reducer: "partial" });
});
