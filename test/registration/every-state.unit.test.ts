import { describe, expect, it } from "vitest";
import { given } from "./given.ts";
import { REACH } from "./reach.ts";
import { shippedDomain } from "./shipped-domain.ts";
import {
  type Stimulus,
  acked,
  ackedNaming,
  confirmed,
  deadlinePassed,
  deregistered,
  failed,
  heartbeat,
  introspected,
  published,
} from "./stimuli.ts";
import { World } from "./world.ts";

// protocol.md, Orchestrator states: each state by each event. Expectations are written "result: events or reason".
const same = { epoch: 5 };
const EVENTS: Readonly<Record<string, readonly Stimulus[]>> = {
  "an introspection with the same content": [introspected("a2", same)],
  "an introspection with other content": [introspected("a2", { ...same, node_version: "2.0.0" })],
  "an introspection of another type": [introspected("a2", { ...same, node_type: "compute" })],
  "an introspection with a higher epoch": [introspected("a2", { epoch: 6 })],
  "an introspection with a lower epoch": [introspected("a2", { epoch: 4, node_version: "2.0.0" })],
  "an introspection of another type with a lower epoch": [introspected("a2", { epoch: 4, node_type: "compute" })],
  "a shutdown": [introspected("a2", { ...same, reason: "shutdown" })],
  "a shutdown with a higher epoch": [introspected("a2", { epoch: 6, reason: "shutdown" })],
  "a shutdown with a lower epoch": [introspected("a2", { epoch: 4, reason: "shutdown" })],
  "an ACK of this attempt": [acked("a1")],
  "an ACK that names no attempt": [ackedNaming({})],
  "an ACK of another attempt": [ackedNaming({ attempt: "unknown" })],
  "a heartbeat": [heartbeat()],
  "a deregister": [deregistered("maintenance")],
  "both confirmed": [confirmed("consul"), confirmed("postgres")],
  "consul failed for good": [failed("consul")],
  "postgres failed for good": [failed("postgres")],
  "the acceptance reached the bus": [published("NodeRegistrationAccepted")],
  "the ack deadline": [deadlinePassed("ack")],
  "the liveness deadline": [deadlinePassed("liveness")],
};

const LIVE = ["PENDING_REGISTRATION", "ACCEPTED", "AWAITING_ACK", "ACTIVE"];
const ENDED = ["REJECTED", "ACK_TIMED_OUT", "LIVENESS_EXPIRED", "DEREGISTERED"];
const each = (states: readonly string[], what: string) => Object.fromEntries(states.map((state) => [state, what]));

const initiated = "PENDING_REGISTRATION: NodeRegistrationInitiated";
const deregisteredNow = "DEREGISTERED: NodeDeregistered";
const nothingRegistered = "no_op: nothing is registered";
const stale = "no_op: stale introspection: epoch 4 is before 5";
const joins = "absorbed: joins attempt 1, which is registering the same content";
const noAck = "no_op: no attempt waits for an ACK";
const early = "no_op: too early: not accepted yet";
const duplicate = "no_op: duplicate: already active";
const staleAck = "no_op: stale ack: attempt 1 is current";
const activated = "ACTIVE: NodeRegistrationAckReceived, NodeBecameActive";

const starts = { "(none)": initiated, ...each(ENDED, initiated) };
const ends = { "(none)": nothingRegistered, ...each(ENDED, nothingRegistered) };
const noSuch = (type: string) => ({ "(none)": `no_op: ${type}: no such entity` });
const unawaited = (type: string, states: readonly string[]) =>
  Object.fromEntries(states.map((state) => [state, `no_op: ${type}: nothing waits for it in ${state}`]));
const ack = { "(none)": noAck, ...each(ENDED, noAck), PENDING_REGISTRATION: early, ACTIVE: duplicate };
const disarmed = (name: string) => ({
  ...noSuch(`deadline(${name})`),
  ...each([...LIVE, ...ENDED], `no_op: deadline(${name}): disarmed`),
});
const failure = (intent: string) => ({
  ...noSuch(`failed(${intent})`),
  ...unawaited(`failed(${intent})`, ENDED),
  PENDING_REGISTRATION: "REJECTED: NodeRegistrationRejected",
  ...each(["ACCEPTED", "AWAITING_ACK", "ACTIVE"], "changed: reducer complete to complete"),
});

const EXPECTED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "an introspection with the same content": {
    ...starts,
    ...each(["PENDING_REGISTRATION", "ACCEPTED", "AWAITING_ACK"], joins),
    ACTIVE: "absorbed: active with the same content: counts as a heartbeat",
  },
  "an introspection with other content": { ...starts, ...each(LIVE, initiated), ACTIVE: "ACTIVE: NodeUpdated" },
  "an introspection of another type": { ...starts, ...each(LIVE, initiated) },
  "an introspection with a higher epoch": { ...starts, ...each(LIVE, initiated) },
  "an introspection with a lower epoch": { ...starts, ...each(LIVE, stale) },
  "an introspection of another type with a lower epoch": { ...starts, ...each(LIVE, stale) },
  "a shutdown": { ...ends, ...each(LIVE, deregisteredNow) },
  "a shutdown with a higher epoch": { ...ends, ...each(LIVE, deregisteredNow) },
  "a shutdown with a lower epoch": { ...ends, ...each(LIVE, stale) },
  "an ACK of this attempt": { ...ack, ACCEPTED: activated, AWAITING_ACK: activated },
  "an ACK that names no attempt": { ...ack, ACCEPTED: activated, AWAITING_ACK: activated },
  "an ACK of another attempt": { ...ack, ACCEPTED: staleAck, AWAITING_ACK: staleAck },
  "a heartbeat": {
    "(none)": "no_op: NodeHeartbeatEvent: nothing to renew in no state",
    ...Object.fromEntries(
      [...LIVE, ...ENDED].map((state) => [state, `no_op: NodeHeartbeatEvent: nothing to renew in ${state}`]),
    ),
    ACTIVE: "no_op: liveness stays at", // at the time of the ACK it moves nothing: the other way is in stories
  },
  "a deregister": { ...ends, ...each(LIVE, deregisteredNow) },
  "both confirmed": {
    ...noSuch("PostgresRegistrationConfirmed"),
    ...unawaited("PostgresRegistrationConfirmed", [...LIVE, ...ENDED]),
    PENDING_REGISTRATION: "ACCEPTED: NodeRegistrationAccepted",
  },
  "consul failed for good": failure("consul.register"),
  "postgres failed for good": failure("postgres.upsert_registration"),
  "the acceptance reached the bus": {
    ...noSuch("published(NodeRegistrationAccepted)"),
    PENDING_REGISTRATION: "no_op: published(NodeRegistrationAccepted) of another attempt: attempt 1 is current",
    ...unawaited("published(NodeRegistrationAccepted)", ["AWAITING_ACK", "ACTIVE", ...ENDED]),
    REJECTED: "no_op: published(NodeRegistrationAccepted) of another attempt: attempt 1 is current",
    ACCEPTED: "changed: orchestrator ACCEPTED to AWAITING_ACK",
  },
  "the ack deadline": { ...disarmed("ack"), AWAITING_ACK: "ACK_TIMED_OUT: NodeRegistrationAckTimedOut" },
  "the liveness deadline": { ...disarmed("liveness"), ACTIVE: "LIVENESS_EXPIRED: NodeLivenessExpired" },
};

describe.each(Object.keys(REACH))("in %s", (state) => {
  it("is reached by its path", () => {
    expect(given(...(REACH[state] ?? [])).world.entity?.state ?? "(none)").toBe(state);
  });

  it.each(Object.keys(EVENTS))("%s", (event) => {
    const { decision } = given(...(REACH[state] ?? [])).when(...(EVENTS[event] ?? []));
    const events = decision.events.map(({ type }) => type).join(", ");
    const said = events ? `${decision.entity?.state}: ${events}` : `${decision.result}: ${decision.reason}`;
    expect(said.slice(0, EXPECTED[event]?.[state]?.length)).toBe(EXPECTED[event]?.[state]);
  });
});

describe("the tables above", () => {
  const { orchestrator, routes, consumed, triggerByMessageType, awaitsPublish } = shippedDomain;
  const states = [...orchestrator.states.values()];

  it("have every state of the contract in which an entity can stay", () => {
    expect(Object.keys(REACH).sort()).toEqual(
      states
        .filter(({ transient }) => !transient)
        .map(({ name }) => name)
        .sort(),
    );
  });

  it("have every message of the contract", () => {
    const shown = new Set(
      Object.values(EVENTS).flatMap((stimuli) =>
        stimuli.map((stimulus) => (stimulus(given(...(REACH["ACTIVE"] ?? [])).world) as { type?: string }).type),
      ),
    );
    const known = [
      ...consumed.map(({ type }) => type),
      ...[...routes.keys()].filter((type) => type.startsWith("deadline(")),
      ...[...triggerByMessageType.keys()].filter((type) => !shippedDomain.topicByEventType.has(type)),
      ...[...awaitsPublish].map((type) => `published(${type})`),
    ];
    expect([...shown].sort()).toEqual([...new Set(known)].sort());
  });
});

it.each(Object.keys(EVENTS).filter((event) => !/confirmed|failed|bus|deadline/.test(event)))(
  "%s would change nothing in ACK_RECEIVED, where nobody rests",
  (event) => {
    const { past } = given(...(REACH["ACTIVE"] ?? [])).world;
    const last = past.at(-1);
    if (!last?.decision.entity) throw new Error("no entity");
    const entity = { ...last.decision.entity, state: "ACK_RECEIVED", deadlines: {} };
    let world = new World([...past.slice(0, -1), { ...last, decision: { ...last.decision, entity } }]);
    for (const stimulus of EVENTS[event] ?? []) world = world.take(stimulus(world) as never);
    expect(world.past.at(-1)?.decision.result).toBe("no_op");
    expect(world.entity?.state).toBe("ACK_RECEIVED");
  },
);
