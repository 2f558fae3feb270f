import { describe, expect, it } from "vitest";
import { isOnPath, flowReach } from "../../../dashboard/contracts/flow-reach.ts";

const edges = [
  { from: "topic", to: "handler" },
  { from: "handler", to: "event" },
  { from: "event", to: "trigger" },
  { from: "event", to: "out" },
  { from: "other", to: "trigger" },
  { from: "trigger", to: "intent" },
  { from: "far", to: "away" },
];

describe("the reach of a part of the flow", () => {
  it("goes in both directions, over any number of parts", () => {
    const { ancestors, descendants, predecessors, successors } = flowReach(edges, "event");
    expect([...ancestors]).toEqual(["handler", "topic"]);
    expect([...descendants].toSorted()).toEqual(["intent", "out", "trigger"]);
    expect([predecessors, successors]).toEqual([["handler"], ["trigger", "out"]]);
  });

  it("is found where the flow has cycles", () => {
    const circle = [...edges, { from: "intent", to: "handler" }];
    expect(flowReach(circle, "event").descendants).toContain("event");
  });

  it("does not have edges that only touch it", () => {
    const reach = flowReach(edges, "event");
    const on = edges.filter((edge) => isOnPath(reach, "event", edge)).map(({ from, to }) => `${from} ${to}`);
    expect(on).toEqual(["topic handler", "handler event", "event trigger", "event out", "trigger intent"]);
  });
});
