import { describe, expect, it } from "vitest";
import { HandlerAckDeadline } from "../../nodes/registration/ack-deadline.handler.ts";
import { HandlerLivenessDeadline } from "../../nodes/registration/liveness-deadline.handler.ts";
import { HandlerNodeDeregister } from "../../nodes/registration/node-deregister.handler.ts";
import { HandlerNodeIntrospected } from "../../nodes/registration/node-introspected.handler.ts";
import { HandlerNodeRegistrationAcked } from "../../nodes/registration/node-registration-acked.handler.ts";
import { HandlerRegistrationCompleted } from "../../nodes/registration/registration-completed.handler.ts";
import { HandlerRegistrationFailed } from "../../nodes/registration/registration-failed.handler.ts";
import { toRfc3339 } from "../../runtime/core/time.ts";
import { ATTEMPT, NOON, REQUEST, act, entity, eventsOf, introspection, node } from "./examples.ts";

const same = {
  node_version: "1.2.3",
  capabilities: ["write", "read"],
  endpoints: { api: "http://10.0.0.1:8080" },
  metadata: { zone: "a" },
};
const LIVE = ["PENDING_REGISTRATION", "ACCEPTED", "AWAITING_ACK", "ACTIVE"];
const ENDED = ["REJECTED", "ACK_TIMED_OUT", "LIVENESS_EXPIRED", "DEREGISTERED"];
const introspected = (action: string, state: string | null, payload = introspection(same), now = NOON) =>
  act(HandlerNodeIntrospected, action, entity(state), payload, now);

describe("an introspection that starts an attempt", () => {
  it("emits the whole description and its time", () => {
    const payload = introspection({
      ...same,
      epoch: 4,
      colour: "red",
      correlation_id: REQUEST,
      timestamp: toRfc3339(9),
    });
    expect(introspected("emit_registration_initiated", null, payload)).toEqual([
      {
        type: "NodeRegistrationInitiated",
        payload: {
          node_type: "effect",
          node: {
            node_id: "n1",
            node_type: "effect",
            ...same,
            epoch: 4,
            colour: "red",
            introspected_at: toRfc3339(NOON),
          },
          supersedes: null,
        },
      },
    ]);
  });

  it.each(ENDED)("supersedes nothing in %s, and is never stale there", (state) => {
    const [event] = eventsOf(introspected("emit_registration_initiated", state, introspection(), NOON - 60_000));
    expect(event?.payload["supersedes"]).toBeNull();
  });

  it.each(LIVE)("supersedes the attempt of %s", (state) => {
    const [event] = eventsOf(introspected("emit_registration_initiated", state));
    expect(event?.payload["supersedes"]).toBe(ATTEMPT);
  });
});

describe("an introspection while an attempt runs", () => {
  it("joins it with the same content", () => {
    expect(introspected("supersede_if_changed", "ACCEPTED")).toMatchObject({ kind: "absorbed" });
  });
  it("supersedes it with other content", () => {
    const [event] = eventsOf(introspected("supersede_if_changed", "ACCEPTED", introspection()));
    expect(event).toMatchObject({ type: "NodeRegistrationInitiated", payload: { supersedes: ATTEMPT } });
  });
});

describe("an introspection of an active node", () => {
  it("counts as a heartbeat with the same content", () => {
    expect(introspected("refresh_if_changed", "ACTIVE")).toMatchObject({ kind: "absorbed" });
  });
  it("is a refresh with other content", () => {
    const [event] = eventsOf(introspected("refresh_if_changed", "ACTIVE", introspection({ node_version: "2.0.0" })));
    expect(event).toMatchObject({ type: "NodeUpdated", payload: { node: { node_version: "2.0.0" } } });
  });
  it("keeps the known epoch when a refresh has none", () => {
    const known = entity("ACTIVE", { node: node({ epoch: 3 }) });
    const [event] = eventsOf(act(HandlerNodeIntrospected, "refresh_if_changed", known, introspection()));
    expect(event).toMatchObject({ payload: { node: { epoch: 3 } } });
  });
});

describe.each(["emit_registration_initiated", "supersede_if_changed", "refresh_if_changed", "deregister"])(
  "a stale introspection",
  (action) => {
    it(`changes nothing and renews nothing (${action})`, () => {
      const known = entity("ACTIVE", { node: node({ epoch: 3 }) });
      expect(act(HandlerNodeIntrospected, action, known, introspection({ epoch: 2 }))).toEqual({
        kind: "nothing",
        reason: "stale introspection: epoch 2 is before 3",
      });
      expect(introspected(action, "ACTIVE", introspection(), NOON - 5_001)).toEqual({
        kind: "nothing",
        reason: `stale introspection: 5001 ms before the one of ${toRfc3339(NOON)}`,
      });
    });
  },
);

describe("the end of a registration", () => {
  it("follows from a shutdown", () => {
    expect(introspected("deregister", "ACTIVE")).toEqual([
      { type: "NodeDeregistered", payload: { reason: "shutdown" } },
    ]);
  });
  it.each([
    [{ reason: "moved" }, "moved"],
    [{}, "requested"],
    [{ reason: "" }, "requested"],
  ])("is a deregister's, with its reason %j", (payload, reason) => {
    expect(act(HandlerNodeDeregister, "deregister", entity("ACTIVE"), payload)).toEqual([
      { type: "NodeDeregistered", payload: { reason } },
    ]);
  });
  it("follows from the ack deadline", () => {
    const fired = { deadline_at: toRfc3339(NOON), renewed_at: null };
    expect(act(HandlerAckDeadline, "time_out", entity("AWAITING_ACK"), fired)).toEqual([
      { type: "NodeRegistrationAckTimedOut", payload: { deadline_at: toRfc3339(NOON) } },
    ]);
  });
  it.each([null, toRfc3339(NOON - 30_000)])("follows from the liveness deadline, last heartbeat %s", (renewed_at) => {
    const fired = { deadline_at: toRfc3339(NOON), renewed_at };
    expect(act(HandlerLivenessDeadline, "expire", entity("ACTIVE"), fired)).toEqual([
      { type: "NodeLivenessExpired", payload: { deadline_at: toRfc3339(NOON), last_heartbeat_at: renewed_at } },
    ]);
  });
});

describe("both backends confirmed", () => {
  it("lead to an acceptance with its deadline", () => {
    expect(act(HandlerRegistrationCompleted, "accept", entity("PENDING_REGISTRATION"))).toEqual([
      {
        type: "NodeRegistrationAccepted",
        payload: { ack_deadline: `ack from ${toRfc3339(NOON)}`, service_id: "onex-effect-n1" },
      },
    ]);
  });
});

describe("a backend that failed for good", () => {
  const reject = (message: string) => {
    const failures = [{ backend: "consul", error_code: "REFUSED", message }];
    return eventsOf(act(HandlerRegistrationFailed, "reject", entity("PENDING_REGISTRATION", { failures })))[0];
  };
  it("leads to a rejection with backend and reason", () => {
    expect(reject("bad name")).toEqual({
      type: "NodeRegistrationRejected",
      payload: {
        rejection_reason: "consul: REFUSED bad name",
        failed_backends: [{ backend: "consul", error_code: "REFUSED", message: "bad name" }],
      },
    });
  });
  it("leads to a reason within its limit", () => {
    expect(reject("x".repeat(5_000))?.payload["rejection_reason"]).toHaveLength(1024);
  });
});

describe("an ACK", () => {
  const acked = (payload: object) =>
    act(HandlerNodeRegistrationAcked, "activate", entity("AWAITING_ACK"), { node_id: "n1", ...payload });
  it("makes the node active", () => {
    const liveness_deadline = `liveness from ${toRfc3339(NOON)}`;
    expect(acked({ registration_attempt_id: ATTEMPT })).toEqual([
      { type: "NodeRegistrationAckReceived", payload: { liveness_deadline } },
      {
        type: "NodeBecameActive",
        payload: {
          node_type: "effect",
          liveness_deadline,
          capabilities: ["read", "write"],
          endpoints: { api: "http://10.0.0.1:8080" },
        },
      },
    ]);
  });
  it("of another attempt is stale", () => {
    expect(acked({ registration_attempt_id: REQUEST })).toEqual({
      kind: "nothing",
      reason: "stale ack: attempt 1 is current",
    });
  });
});
