import { describe, expect, it } from "vitest";
import type { PublishedEvent } from "../../../dashboard/shared/published-event.ts";
import { EMPTY_TAIL, pauseTail, resumeTail, TAIL_MAX, appendEvents } from "../../../dashboard/events/event-tail.ts";
import {
  sendsHeartbeats,
  LOG_MAX,
  nextNodeId,
  EMPTY_SIMULATION,
  SIMULATED_NODES_MAX,
  type Simulation,
  reduceSimulation,
} from "../../../dashboard/registration/simulated-nodes.ts";

const event = (type: string, payload: Readonly<Record<string, unknown>> = {}): PublishedEvent => ({
  type,
  envelope: { payload },
});
const events = (count: number) => Array.from({ length: count }, (_, index) => event(`E${index}`));

describe("the tail of events", () => {
  it("has the newest first, and no more than it may", () => {
    const tail = appendEvents(appendEvents(EMPTY_TAIL, events(TAIL_MAX)), [event("last")]);
    expect(tail.rows).toHaveLength(TAIL_MAX);
    expect(tail.rows.slice(0, 2).map(({ type }) => type)).toEqual(["last", `E${TAIL_MAX - 1}`]);
    expect(new Set(tail.rows.map(({ number }) => number)).size).toBe(TAIL_MAX);
  });

  it("stands still while it is paused, counts all that came, and keeps the newest of them", () => {
    const still = appendEvents(pauseTail(appendEvents(EMPTY_TAIL, [event("first")])), events(TAIL_MAX + 5));
    expect(still.rows.map(({ type }) => type)).toEqual(["first"]);
    expect([still.arrivedWhilePaused, still.heldBack.length]).toEqual([TAIL_MAX + 5, TAIL_MAX]);
    const on = resumeTail(still);
    expect([on.rows.length, on.rows[0]?.type, on.arrivedWhilePaused, on.paused]).toEqual([
      TAIL_MAX,
      `E${TAIL_MAX + 4}`,
      0,
      false,
    ]);
  });
});

describe("nodes that are played", () => {
  const add = (state: Simulation, id: string) => reduceSimulation(state, { act: "add", id, type: "effect" });
  const hear = (state: Simulation, type: string, payload: Readonly<Record<string, unknown>>) =>
    reduceSimulation(state, { act: "received", at: 0, event: event(type, payload) });

  it("are as many as may be, each once", () => {
    let state = add(add(EMPTY_SIMULATION, "n-0"), "n-0");
    expect(state.nodes).toHaveLength(1);
    for (let index = 1; index < 30; index++) state = add(state, `n-${index}`);
    expect(state.nodes).toHaveLength(SIMULATED_NODES_MAX);
  });

  it("hear what is said of them, and nothing of others", () => {
    const state = hear(
      hear(add(EMPTY_SIMULATION, "a"), "NodeRegistrationAccepted", { node_id: "a", registration_attempt_id: "r-1" }),
      "NodeBecameActive",
      { node_id: "b" },
    );
    expect(state.nodes).toMatchObject([{ id: "a", lastEvent: "NodeRegistrationAccepted", attemptId: "r-1" }]);
    expect(state.log.map(({ text }) => text)).toEqual(["NodeRegistrationAccepted"]);
  });

  it("beat while they are active and not silent", () => {
    const active = hear(add(EMPTY_SIMULATION, "a"), "NodeBecameActive", { node_id: "a" });
    const beating = (state: Simulation) => state.nodes.map(sendsHeartbeats);
    expect(beating(active)).toEqual([true]);
    expect(beating(reduceSimulation(active, { act: "change", id: "a", change: { silent: true } }))).toEqual([false]);
    expect(beating(hear(active, "NodeLivenessExpired", { node_id: "a" }))).toEqual([false]);
    expect(beating(add(EMPTY_SIMULATION, "a"))).toEqual([false]);
  });

  it("leave a log that does not grow for ever", () => {
    let state = add(EMPTY_SIMULATION, "a");
    for (let index = 0; index < LOG_MAX + 10; index++) state = hear(state, `E${index}`, { node_id: "a" });
    expect([state.log.length, state.log[0]?.text]).toEqual([LOG_MAX, `E${LOG_MAX + 9}`]);
  });

  it("are offered an id that is free", () => {
    const { nodes } = add(add(EMPTY_SIMULATION, "mine-1"), "mine-2");
    expect([nextNodeId(nodes, "mine-1"), nextNodeId(nodes, "other"), nextNodeId([], "7")]).toEqual([
      "mine-3",
      "other1",
      "8",
    ]);
  });
});
