import { describe, expect, it } from "vitest";
import { summarizeLatencies } from "../../client/latencies.ts";
import { planNodeProfiles, type SimulationShape } from "../../client/node-profiles.ts";

const options: SimulationShape = { nodes: 200, seed: 1, noAck: 0.1, silent: 0.2, duplicate: 0.25 };
const plain = (cast: SimulationShape) =>
  planNodeProfiles(cast).map(({ random, ...role }) => ({ ...role, first: random() }));

describe("the profiles of a simulation", () => {
  it("are the same for the same seed, and others for another one", () => {
    expect(plain(options)).toEqual(plain(options));
    expect(plain(options)).not.toEqual(
      plain({ ...options, seed: 2 }).map((role, i) => ({ ...role, nodeId: plain(options)[i]?.nodeId })),
    );
  });

  it("have the requested shares", () => {
    const cast = planNodeProfiles(options);
    expect(cast.filter(({ misbehaviour }) => misbehaviour === "no-ack")).toHaveLength(20);
    expect(cast.filter(({ misbehaviour }) => misbehaviour === "silent")).toHaveLength(40);
    expect(cast.filter(({ sendsDuplicates }) => sendsDuplicates)).toHaveLength(50);
  });

  it("name nodes by seed and number", () => {
    expect(planNodeProfiles({ ...options, nodes: 2, seed: 42 }).map(({ nodeId }) => nodeId)).toEqual([
      "sim-42-00001",
      "sim-42-00002",
    ]);
  });
});

describe("latency percentiles", () => {
  it("are of the nearest rank", () => {
    const measured = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect(summarizeLatencies(measured)).toEqual({ count: 100, p50Ms: 50, p95Ms: 95, p99Ms: 99, maxMs: 100 });
    expect(summarizeLatencies([3])).toEqual({ count: 1, p50Ms: 3, p95Ms: 3, p99Ms: 3, maxMs: 3 });
    expect(summarizeLatencies([]).count).toBe(0);
  });
});
