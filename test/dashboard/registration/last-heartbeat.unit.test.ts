import { describe, expect, it } from "vitest";
import { lastHeartbeat } from "../../../dashboard/registration/last-heartbeat.ts";

const at = (second: number): string => new Date(second * 1_000).toISOString();
const liveness = (renewed: number | null, due: number) => ({
  state_since: at(0),
  deadlines: { liveness: { at: at(due), renewed_at: renewed === null ? null : at(renewed) } },
});

describe("the last heartbeat of a node", () => {
  it.each([
    [29, "fine"],
    [30, "near"],
    [39.9, "near"],
    [40, "late"],
  ])("at second 10 with a deadline at 40 is at second %d %s", (second, urgency) =>
    expect(lastHeartbeat(liveness(10, 40), second * 1_000)?.urgency).toBe(urgency),
  );

  it("counts from the beginning of the state until there is one", () =>
    expect(lastHeartbeat(liveness(null, 30), 5_000)).toEqual({ agoMs: 5_000, urgency: "fine" }));
});
