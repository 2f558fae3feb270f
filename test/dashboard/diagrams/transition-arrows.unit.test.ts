import { expect, it } from "vitest";
import { groupTransitions } from "../../../dashboard/diagrams/transition-arrows.ts";

const from = (source: string, trigger: string, to: string) => ({
  from: source,
  trigger,
  to,
  conditions: [],
  actions: [],
});

it("several transitions between two states are one arrow, taken if one of them was", () => {
  const { arrows } = groupTransitions(
    [from("A", "go", "B"), from("A", "run", "B"), from("A", "go", "B")],
    [{ from: "A", trigger: "run", to: "B" }],
  );
  expect(arrows).toEqual([
    {
      from: "A",
      to: "B",
      taken: true,
      labels: [
        { text: "go", taken: false },
        { text: "run", taken: true },
      ],
    },
  ]);
});

it("a trigger of many arrows is a number on them and a footnote", () => {
  const { arrows, footnotes } = groupTransitions(
    [..."ABC"].map((state) => from(state, "reset", "idle")).concat(from("idle", "go", "A")),
    [],
  );
  expect(footnotes).toEqual(["reset"]);
  expect(arrows.map(({ labels }) => labels[0]?.text)).toEqual(["(1)", "(1)", "(1)", "go"]);
});
