import { expect, it } from "vitest";
import { toRfc3339 } from "../../runtime/core/time.ts";
import { NOON } from "./examples.ts";
import { given } from "./given.ts";
import { acked, confirmed, deadlinePassed, heartbeat, introspected, later, published } from "./stimuli.ts";
import { idOf } from "./world.ts";

const at = (ms: number): string => toRfc3339(NOON + ms);

it("shows a node from its introspection to ACTIVE, and to its expiry", () => {
  const service = { service_id: "onex-effect-n1" };
  const row = { node_id: "n1" };

  const story = given()
    .when(introspected("a1"))
    .leadsTo({
      state: "PENDING_REGISTRATION",
      reducer: "pending",
      events: [["NodeRegistrationInitiated", { node_id: "n1", attempt: 1, entity_seq: 1, supersedes: null }]],
      intents: [
        ["consul.register", { ...service, address: "10.0.0.1", port: 8080, check: { status: "critical" }, version: 1 }],
        ["postgres.upsert_registration", { ...row, status: "PENDING_REGISTRATION", version: 1 }],
      ],
      deadlines: {},
    })

    .when(later(40), confirmed("postgres"))
    .leadsTo({ state: "PENDING_REGISTRATION", reducer: "partial" })

    .when(later(60), confirmed("consul"))
    .leadsTo({
      state: "ACCEPTED",
      reducer: "complete",
      events: [["NodeRegistrationAccepted", { entity_seq: 2, ack_deadline: at(100 + 30_000), ...service }]],
      deadlines: {},
    })

    .when(later(20), published("NodeRegistrationAccepted"))
    .leadsTo({ state: "AWAITING_ACK", reducer: "complete", deadlines: { ack: 30_000 } })

    .when(later(880), acked("a1"))
    .leadsTo({
      state: "ACTIVE",
      reducer: "complete",
      events: [
        ["NodeRegistrationAckReceived", { entity_seq: 3, liveness_deadline: at(31_000) }],
        [
          "NodeBecameActive",
          {
            entity_seq: 4,
            node_type: "effect",
            liveness_deadline: at(31_000),
            capabilities: ["read"],
            endpoints: { api: "http://10.0.0.1:8080" },
          },
        ],
      ],
      intents: [
        ["consul.set_status", { ...service, status: "passing", version: 4 }],
        [
          "postgres.update_registration",
          { ...row, status: "ACTIVE", last_heartbeat_at: null, liveness_deadline: at(31_000), version: 4 },
        ],
      ],
      deadlines: { liveness: 30_000 },
    })

    .when(later(10_000), heartbeat())
    .renews("liveness", 30_000)

    .when(deadlinePassed("liveness"))
    .leadsTo({
      state: "LIVENESS_EXPIRED",
      reducer: "idle",
      events: [["NodeLivenessExpired", { entity_seq: 5, deadline_at: at(41_000), last_heartbeat_at: at(11_000) }]],
      intents: [
        ["consul.deregister", service],
        ["postgres.update_registration", { ...row, status: "LIVENESS_EXPIRED", last_heartbeat_at: at(11_000) }],
      ],
      deadlines: {},
    });

  const { events, intents, past } = story.world;
  const attemptId = story.world.attemptOf("a1");
  for (const { payload } of events)
    expect(payload).toMatchObject({
      entity_id: "n1",
      node_id: "n1",
      correlation_id: idOf("a1"),
      registration_attempt_id: attemptId,
      attempt: 1,
    });
  for (const { payload } of intents)
    expect(payload).toMatchObject({ correlation_id: idOf("a1"), registration_attempt_id: attemptId });
  for (const { message, decision } of past)
    for (const event of decision.events) expect(event.payload["causation_id"]).toBe(message.id);
});
