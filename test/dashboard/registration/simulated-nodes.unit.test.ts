import { describe, expect, it } from "vitest";
import {
  addNode,
  changeNode,
  EMPTY_SIMULATION,
  LOG_MAX,
  nextNodeId,
  receiveEvent,
  removeNode,
  sendsHeartbeats,
  SIMULATED_NODES_MAX,
  type Simulation,
} from "../../../dashboard/registration/simulated-nodes.ts";

const add = (simulation: Simulation, id: string) => addNode(simulation, id, "effect");
const receive = (simulation: Simulation, type: string, payload: Readonly<Record<string, unknown>>) =>
  receiveEvent(simulation, { type, envelope: { payload } }, 0);

describe("simulated nodes", () => {
  it("are limited in number, and each id is added once", () => {
    let simulation = add(add(EMPTY_SIMULATION, "n-0"), "n-0");
    expect(simulation.nodes).toHaveLength(1);
    for (let index = 1; index < 30; index++) simulation = add(simulation, `n-${index}`);
    expect(simulation.nodes).toHaveLength(SIMULATED_NODES_MAX);
    expect(removeNode(simulation, "n-0").nodes).toHaveLength(SIMULATED_NODES_MAX - 1);
  });

  it("receive events about themselves only", () => {
    const accepted = { node_id: "a", registration_attempt_id: "r-1" };
    const simulation = receive(
      receive(add(EMPTY_SIMULATION, "a"), "NodeRegistrationAccepted", accepted),
      "NodeBecameActive",
      { node_id: "b" },
    );
    expect(simulation.nodes).toMatchObject([{ id: "a", lastEvent: "NodeRegistrationAccepted", attemptId: "r-1" }]);
    expect(simulation.log.map(({ text }) => text)).toEqual(["NodeRegistrationAccepted"]);
  });

  it("send heartbeats while they are active and not muted", () => {
    const active = receive(add(EMPTY_SIMULATION, "a"), "NodeBecameActive", { node_id: "a" });
    const sending = (simulation: Simulation) => simulation.nodes.map(sendsHeartbeats);
    expect(sending(active)).toEqual([true]);
    expect(sending(changeNode(active, "a", { silent: true }))).toEqual([false]);
    expect(sending(receive(active, "NodeLivenessExpired", { node_id: "a" }))).toEqual([false]);
    expect(sending(add(EMPTY_SIMULATION, "a"))).toEqual([false]);
  });

  it("have a log of bounded length, whose lines differ in their numbers", () => {
    let simulation = add(EMPTY_SIMULATION, "a");
    for (let index = 0; index < LOG_MAX + 10; index++) simulation = receive(simulation, `E${index}`, { node_id: "a" });
    expect([simulation.log.length, simulation.log[0]?.text]).toEqual([LOG_MAX, `E${LOG_MAX + 9}`]);
    expect(new Set(simulation.log.map(({ number }) => number)).size).toBe(LOG_MAX);
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
