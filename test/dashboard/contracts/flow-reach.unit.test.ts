import { describe, expect, it } from "vitest";
import { isOnPath, flowReach } from "../../../dashboard/contracts/flow-reach.ts";
import { findOccurrences } from "../../../dashboard/contracts/find-occurrences.ts";

const edges = [
  { from: "topic", to: "handler" },
  { from: "handler", to: "event" },
  { from: "event", to: "trigger" },
  { from: "event", to: "out" },
  { from: "other", to: "trigger" },
  { from: "trigger", to: "intent" },
  { from: "far", to: "away" },
];

describe("what leads to a part of the flow, and where it leads", () => {
  it("is found in both directions, however far", () => {
    const { ancestors, descendants, predecessors, successors } = flowReach(edges, "event");
    expect([...ancestors]).toEqual(["handler", "topic"]);
    expect([...descendants].toSorted()).toEqual(["intent", "out", "trigger"]);
    expect([predecessors, successors]).toEqual([["handler"], ["trigger", "out"]]);
  });

  it("comes to an end where the flow goes in circles", () => {
    const circle = [...edges, { from: "intent", to: "handler" }];
    expect(flowReach(circle, "event").descendants).toContain("event");
  });

  it("leaves out what only touches the way", () => {
    const reach = flowReach(edges, "event");
    const on = edges.filter((edge) => isOnPath(reach, "event", edge)).map(({ from, to }) => `${from} ${to}`);
    expect(on).toEqual(["topic handler", "handler event", "event trigger", "event out", "trigger intent"]);
  });
});

describe("where a name stands in the contracts", () => {
  const files = [
    { file: "a.yaml", text: "name: ack\n# ack\nafter: ack_timeout\ntrigger: deadline(ack)\nintent: stock.ack" },
    { file: "b.yaml", text: "x: [pack, ack]" },
  ];

  it("is every line that has it as a whole word, comments apart", () => {
    expect(findOccurrences("ack", files).map(({ file, line }) => `${file}:${line}`)).toEqual([
      "a.yaml:1",
      "a.yaml:4",
      "b.yaml:1",
    ]);
  });

  it("takes signs as they are", () => {
    expect(findOccurrences("deadline(ack)", files)).toMatchObject([{ line: 4, text: "trigger: deadline(ack)" }]);
    expect(findOccurrences("{env}.x", [{ file: "c", text: 't: "{env}.x"\nu: "{env}.xy"' }])).toMatchObject([
      { line: 1 },
    ]);
  });
});
