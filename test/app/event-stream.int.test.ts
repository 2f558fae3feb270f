import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StreamedEvent } from "./http-system.ts";
import { HttpBench, lasting } from "./registration/http-bench.ts";

let bench: HttpBench;
beforeAll(async () => {
  bench = await HttpBench.open(lasting);
});
afterAll(() => bench.close());

const STORY = [
  "NodeRegistrationInitiated",
  "NodeRegistrationAccepted",
  "NodeRegistrationAckReceived",
  "NodeBecameActive",
];
const typesOf = (events: readonly StreamedEvent[], nodeId: string) =>
  events.filter(({ payload }) => payload["node_id"] === nodeId).map(({ type }) => type);

describe("the stream of events", () => {
  it("sends every published event, each node's in order", async () => {
    const { events, close } = await bench.stream();
    await Promise.all([bench.activeNode("live-1"), bench.activeNode("live-2")]);
    await expect.poll(() => events.length).toBe(8);
    expect(typesOf(events, "live-1")).toEqual(STORY);
    expect(typesOf(events, "live-2")).toEqual(STORY);
    close();
  });

  it("filters by type and node", async () => {
    const byType = await bench.stream("?type=NodeBecameActive,NodeUpdated");
    const byNode = await bench.stream("?node_id=filter-2");
    await bench.activeNode("filter-1");
    await bench.activeNode("filter-2");
    await expect.poll(() => byNode.events.length).toBe(4);
    expect(byType.events.map(({ type, payload }) => [type, payload["node_id"]])).toEqual([
      ["NodeBecameActive", "filter-1"],
      ["NodeBecameActive", "filter-2"],
    ]);
    expect(typesOf(byNode.events, "filter-2")).toEqual(STORY);
    byType.close();
    byNode.close();
  });

  it("continues behind the last event that was read, without a gap or a duplicate", async () => {
    const first = await bench.stream();
    for (const id of ["gap-1", "gap-2", "gap-3"]) await bench.activeNode(id);
    await expect.poll(() => first.events.length).toBe(12);
    first.close();
    await bench.activeNode("gap-4");
    for (const stop of [1, 5, 11, 12]) {
      const resumed = await bench.stream("", first.events[stop - 1]?.id);
      await expect.poll(() => resumed.events.length).toBe(16 - stop);
      const ids = [...first.events.slice(0, stop), ...resumed.events].map(
        ({ payload }) => `${payload["node_id"]} ${payload["entity_seq"]}`,
      );
      expect(new Set(ids).size).toBe(16);
      for (const node of ["gap-1", "gap-2", "gap-3", "gap-4"])
        expect(ids.filter((id) => id.startsWith(`${node} `))).toEqual([1, 2, 3, 4].map((seq) => `${node} ${seq}`));
      resumed.close();
    }
  });

  it("sends what another process publishes", async () => {
    const deaf = await bench.deafServer();
    const { events, close } = await bench.stream("?node_id=far-1", undefined, deaf);
    await bench.activeNode("far-1");
    await expect.poll(() => events.length).toBe(4);
    close();
  });

  it.each(["?type=Nothing", "?node_id=a%20b"])("refuses %s", async (query) => {
    await expect(bench.stream(query)).rejects.toThrow(/^400/);
  });

  it.each(["1", "AAAA", "____", "AAAAAAAAAAA"])("refuses an id that is not its own: %s", async (id) => {
    await expect(bench.stream("", id)).rejects.toThrow(/^400.*Last-Event-ID/);
  });
});
