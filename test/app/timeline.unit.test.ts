import { describe, expect, it } from "vitest";
import { timelineItems } from "../../app/http/entities/timeline.ts";
import { endLine, eventLine, groupOf, intentLine, stepLine } from "../stored/lines.ts";

const origin = { topic: "commands", partition: 0, offset: 1 };

describe("the items of a timeline", () => {
  it("are a step with the names of its events and intents, and its events, but no item for an intent", () => {
    const move = { machine: "orchestrator", trigger: "Hello", from: "(none)", to: "OPEN" };
    const items = timelineItems(
      "things",
      groupOf(3, stepLine("e", "m1", { origin, moves: [move] }), eventLine("e", "v1"), intentLine("e", "i1")),
    );
    expect(items).toMatchObject([
      {
        ...{ kind: "message", partition: 0, seq: 3, type: "Hello", message_id: "m1", attempt_id: "a1" },
        ...{ result: "changed", reason: "said so", state: "OPEN", reducer_state: "half", topic: "commands" },
        ...{ moves: [move], payload: { said: "m1" }, note: null, tries: [], intent_id: null },
        events: [{ id: "v1", type: "Opened", seq: 4 }],
        intents: [{ id: "i1", type: "box.write", target: "box://1", version: 1 }],
      },
      { kind: "event", seq: 4, message_id: "v1", topic: "events", payload: { entity_id: "e" }, result: null },
    ]);
    expect(items[1]).not.toHaveProperty("envelope");
  });

  it("have an event's envelope as it was published, on request", () => {
    const event = eventLine("e", "v1");
    const [, item] = timelineItems("things", groupOf(1, stepLine("e", "m1"), event), true);
    expect(item?.envelope).toBe((event as { value: string }).value);
  });

  it("tell how an intent ended, by an outcome and without one", () => {
    const tries = [{ at: "2026-03-28T11:00:00.000Z", ms: 5, code: "UNAVAILABLE", error: "down" }];
    expect(timelineItems("things", groupOf(1, endLine("e", "i1", { tries })))).toMatchObject([
      { kind: "end", type: "box.write", intent_id: "i1", note: "done", tries, state: null },
    ]);
    const outcome = stepLine("e", "m2", { of: "outcome", type: "Written", intent_id: "i1", note: "done", tries });
    expect(timelineItems("things", groupOf(1, outcome))).toMatchObject([
      { kind: "message", type: "Written", intent_id: "i1", note: "done", tries, state: "OPEN" },
    ]);
  });

  it("tell who sent a message through a gateway, and what it was refused with", () => {
    const caller = { id: "anna", roles: [], permissions: [], privileged: false };
    const door = { caller, loaded: { secret: "of another" }, operation: "dropNote" };
    const declined = { code: "NOT_OWNER", kind: "forbidden", caller: "anna", details: { owner: "ben" } } as const;
    const [item] = timelineItems("things", groupOf(1, stepLine("e", "m1", { door, declined, result: "declined" })));
    expect(item).toMatchObject({
      ...{ caller: "anna", operation: "dropNote" },
      declined: { code: "NOT_OWNER", kind: "forbidden", details: { owner: "ben" } },
    });
    const [other] = timelineItems("things", groupOf(1, stepLine("e", "m1")));
    expect(other).toMatchObject({ caller: null, operation: null, declined: null });
  });

  it("tell why a message became a dead letter, or was a repeat", () => {
    const named = { entity_id: "e", id: "d1", correlation_id: "c", type: "Hello", origin };
    const copy = { topic: "dead", key: null, headers: {}, value: null };
    const letter = { kind: "dead_letter", ...named, ...copy, code: "CORE_ERROR", error: "it threw" } as const;
    expect(timelineItems("things", groupOf(1, letter))).toMatchObject([
      { kind: "dead_letter", type: "Hello", message_id: "d1", reason: "CORE_ERROR: it threw", topic: "dead" },
    ]);
    const repeat = { kind: "repeat", ...named, reason: "duplicate" } as const;
    expect(timelineItems("things", groupOf(1, repeat))).toMatchObject([
      { kind: "repeat", message_id: "d1", reason: "duplicate", topic: "commands" },
    ]);
  });

  it("are refused when an event is no JSON", () => {
    const group = groupOf(1, stepLine("e", "m1"), eventLine("e", "v1", { value: "{]}" }));
    expect(() => timelineItems("things", group)).toThrow(
      expect.objectContaining({
        code: "JOURNAL_DAMAGED",
        message: "line 2 of partition 0 of things in rollcall.turn has an event that is no JSON",
      }),
    );
  });
});
