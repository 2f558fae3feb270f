import { describe, expect, it } from "vitest";
import { flowNodeGateway } from "../../app/modules/flow-node/gateway.ts";
import { NOBODY } from "../../runtime/core/door.ts";
import type { ShownEntity } from "../../runtime/core/gateway-code.ts";
import { FLOWS } from "./text-flows.ts";

const ONLINE = "2026-01-01T00:00:00.000Z";
const BEAT = "2026-01-01T00:01:00.000Z";
const EXPIRES = "2026-01-01T00:06:00.001Z";
const afterIt = (ms: number): { now: number; caller: typeof NOBODY; event: undefined } => ({
  ...{ now: Date.parse(EXPIRES) + ms, caller: NOBODY, event: undefined },
});

const row = {
  ...{ node: "n", status: "connected", online: ONLINE, heartbeat: ONLINE, told: null, told_at: null, flows: FLOWS },
  ...{ flow_count: 2, paths: [], state_since: ONLINE, renewed_at: BEAT, expires_at: EXPIRES },
};
const entity = {
  ...{ id: "n", state: "CONNECTED", isLive: true, seq: 2, stateSince: Date.parse(ONLINE), lastSeen: null },
  data: { online: ONLINE, heartbeat: ONLINE, flows: FLOWS, told: null },
  deadlines: { lease: { at: Date.parse(EXPIRES), renewedAt: Date.parse(BEAT) } },
} as unknown as ShownEntity;

describe("a node whose lease is over, and that does not expire", () => {
  const shown = { node: "n", online: ONLINE, heartbeat: BEAT, alive: true, flows: FLOWS };
  const held = expect.stringContaining("the hold of flow_node CONNECTED") as string;

  it("is alive, and says why beside its old heartbeat, alone and in lists alike", () => {
    const { rowViews, views } = flowNodeGateway;
    for (const [ms, expected] of [
      [0, shown],
      // It is about to be decided.
      [2_000, shown],
      [2_001, { ...shown, held }],
    ] as const) {
      expect(rowViews.node(row, afterIt(ms))).toEqual(expected);
      expect(views.node(entity, afterIt(ms))).toEqual(expected);
    }
    const expired = { ...row, status: "not_alive", renewed_at: null, expires_at: null, heartbeat: BEAT };
    expect(rowViews.node(expired, afterIt(60_000))).toEqual({ ...shown, alive: false });
  });
});
