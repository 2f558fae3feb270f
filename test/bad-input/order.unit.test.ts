import { describe, expect, it } from "vitest";
import { shippedDomain } from "../registration/shipped-domain.ts";
import { given } from "../registration/given.ts";
import { keepsItsPromises } from "../registration/promises.ts";
import { accepted, active, awaitingAck, LIVE_WAYS, partial, pending, REACH } from "../registration/reach.ts";
import {
  acked,
  ackedNaming,
  confirmed,
  deadlinePassed,
  deregistered,
  failed,
  heartbeat,
  introspected,
  later,
  published,
  type Stimulus,
} from "../registration/stimuli.ts";
import type { Item } from "./registration/items.ts";
import { freshId } from "./registration/record-fixture.ts";
import { inputTopic, PARTITIONS, takeIn } from "./registration/taking-in.ts";
import { partitionOf } from "../../runtime/core/murmur2.ts";

const ENDED = ["REJECTED", "ACK_TIMED_OUT", "LIVENESS_EXPIRED", "DEREGISTERED"];
const way = (state: string): readonly Stimulus[] => REACH[state] ?? [];
const elsewhere = { endpoints: { api: "http://10.0.0.2:9090" } };
/** The first attempt was superseded by a2, which has reached the same state. */
const superseded = (rest: readonly Stimulus[]) => [...awaitingAck, introspected("a2", { epoch: 6 }), ...rest];
const again = superseded([confirmed("consul"), confirmed("postgres"), published("NodeRegistrationAccepted")]);

/** Messages that nothing waits for: nothing follows, and the reason is given. */
const NOTHING: readonly (readonly [Item<"order">, string, readonly Stimulus[], Stimulus])[] = [
  ["ACK before accepted", "nothing is confirmed", pending, acked("a1")],
  ["ACK before accepted", "half is confirmed", partial, acked("a1")],
  ["ACK twice", "at once", active, acked("a1")],
  ["ACK twice", "an hour later", [...active, later(20_000), heartbeat()], acked("a1")],
  ...ENDED.map((state) => ["ACK late", `in ${state}`, way(state), acked("a1")] as const),
  ["ACK of another attempt", "of the one before", again, acked("a1")],
  ["ACK of another attempt", "that never was", awaitingAck, acked("a9")],
  [
    "ACK of another attempt",
    "the right attempt, another request",
    awaitingAck,
    ackedNaming({ attempt: "a1", request: "a9" }),
  ],
  [
    "ACK of another attempt",
    "the right request, another attempt",
    awaitingAck,
    ackedNaming({ attempt: "a9", request: "a1" }),
  ],
  ["ACK of an unknown node", "that names an attempt", [], acked("a1")],
  ["ACK of an unknown node", "that names none", [], ackedNaming({})],
  ["heartbeat of an unknown or ended node", "unknown", [], heartbeat()],
  ...ENDED.map((state) => ["heartbeat of an unknown or ended node", `in ${state}`, way(state), heartbeat()] as const),
  ["confirmations twice", "after both", accepted, confirmed("consul")],
  ["confirmations twice", "when ACTIVE", active, confirmed("postgres")],
  ["confirmations of an unknown node", "of an unknown node", [], confirmed("consul")],
  ["confirmations of an unknown node", "of an attempt that was superseded", again, confirmed("consul", { of: "a1" })],
  ...ENDED.map(
    (state) => ["confirmations of an unknown node", `in ${state}`, way(state), confirmed("consul")] as const,
  ),
  ["confirmations out of order", "after the other failed", [...pending, failed("consul")], confirmed("postgres")],
  ["confirmations out of order", "published before it is accepted", pending, published("NodeRegistrationAccepted")],
  ["confirmations out of order", "a deadline that is not armed", pending, deadlinePassed("liveness")],
];

describe("a message at the wrong time", () => {
  it.each(NOTHING)("%s: %s", (_item, _name, before, message) => {
    keepsItsPromises(
      given(...before)
        .when(message)
        .leadsToNothing("").world,
    );
  });

  it.each(["(none)", ...ENDED])("introspection in every state, with other endpoints: %s begins an attempt", (state) => {
    const { decision } = given(...way(state)).when(introspected("a3", elsewhere));
    expect(decision.events.map(({ type }) => type)).toEqual(["NodeRegistrationInitiated"]);
    expect(decision.entity?.data).toMatchObject({ node: elsewhere });
  });

  it.each(LIVE_WAYS)(
    "introspection in every state, with other endpoints: %s supersedes or is updated",
    (state, before) => {
      const { decision } = given(...before).when(introspected("a3", elsewhere));
      const expected = state === "ACTIVE" ? "NodeUpdated" : "NodeRegistrationInitiated";
      expect(decision.events.map(({ type }) => type)).toEqual([expected]);
      expect(decision.entity?.data).toMatchObject({ node: elsewhere });
    },
  );

  it("confirmations out of order: either may be first, also with a repeat in between", () => {
    for (const order of [
      ["consul", "postgres"],
      ["postgres", "consul"],
      ["postgres", "postgres", "consul"],
    ] as const) {
      const { world } = given(...pending, ...order.map((backend) => confirmed(backend)));
      expect(world.entity?.state).toBe("ACCEPTED");
      expect(world.events.map(({ type }) => type)).toEqual(["NodeRegistrationInitiated", "NodeRegistrationAccepted"]);
      keepsItsPromises(world);
    }
  });

  it.each([
    ["confirmations twice: the first", partial, confirmed("postgres")],
    ["confirmations out of order: a failure after both", accepted, failed("consul")],
  ])("%s leads from a state to the same one, and to nothing else", (_name, before, message) => {
    const { world } = given(...before);
    const { decision } = given(...before).when(message);
    expect([decision.events, decision.intents]).toEqual([[], []]);
    expect(decision.moves.every(({ from, to }) => from === to)).toBe(true);
    expect(decision.entity?.state).toBe(world.entity?.state);
  });

  it("ACK twice, deregister twice, and everything once more after the end: one attempt, one end", () => {
    const { world } = given(
      ...active,
      deregistered(),
      deregistered(),
      acked("a1"),
      heartbeat(),
      confirmed("consul"),
      deadlinePassed("liveness"),
    );
    expect(world.entity?.state).toBe("DEREGISTERED");
    keepsItsPromises(world);
  });
});

describe("internal events injected from outside (they change nothing)", () => {
  const internal = [
    ...[
      ...shippedDomain.topicByEventType.keys(),
      ...shippedDomain.triggerByMessageType.keys(),
      ...shippedDomain.routes.keys(),
    ],
    ...["published(NodeRegistrationAccepted)", "deadline(ack)", "deadline(liveness)", "failed(consul.register)"],
  ].filter((type) => !shippedDomain.consumed.some((consumed) => consumed.type === type));

  it.each([...new Set(internal)])("%s is no message of any topic that is read", (type) => {
    for (const consumed of shippedDomain.consumed)
      for (const name of [type, `Model${type}`]) {
        const id = freshId();
        const payload = { node_id: id, entity_id: id, node_type: "effect", deadline_at: "2026-01-01T00:00:00Z" };
        const value = Buffer.from(JSON.stringify({ payload_type: name, payload }));
        const place = { topic: inputTopic(consumed.type), partition: partitionOf(id, PARTITIONS), offset: 0 };
        const { plan } = takeIn({ ...place, key: null, value, headers: {}, brokerTimeMs: 0, receivedAtMs: 0 });
        expect(plan.deadLetters.map(({ code }) => code)).toEqual(["UNKNOWN_TYPE"]);
      }
  });

  it("published events are not consumed, so none can be injected", () => {
    const read = new Set(shippedDomain.consumed.map(({ topic }) => topic));
    for (const topic of [...shippedDomain.topicByEventType.values(), shippedDomain.deadLetterTopic])
      expect(read).not.toContain(topic);
  });
});
