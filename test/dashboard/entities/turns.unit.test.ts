import { describe, expect, it } from "vitest";
import type { TimelineItem } from "../../../app/http/entities/timeline.ts";
import { takenTransitions, groupIntoTurns } from "../../../dashboard/entities/turns.ts";

const item = (more: Partial<TimelineItem>): TimelineItem => ({
  at: "2026-01-01T00:00:00.000Z",
  partition: 0,
  seq: 1,
  kind: "message",
  type: null,
  message_id: null,
  correlation_id: null,
  attempt_id: "a1",
  result: null,
  declined: null,
  caller: null,
  operation: null,
  reason: null,
  note: null,
  tries: [],
  intent_id: null,
  state: null,
  reducer_state: null,
  moves: [],
  events: [],
  intents: [],
  topic: null,
  payload: null,
  ...more,
});
const move = { machine: "orchestrator", trigger: "Began", from: "(none)", to: "PENDING" };
const intent = { id: "i1", type: "box.write", target: "box://1", version: 1 };
const first = item({
  type: "Hello",
  moves: [move, { ...move, machine: "reducer" }],
  events: [{ id: "e1", type: "Began", seq: 1 }],
  intents: [intent],
});
const event = item({ kind: "event", type: "Began", message_id: "e1" });
const tries = [{ at: "2026-01-01T00:00:01.000Z", ms: 5, code: "UNAVAILABLE", error: "down" }];
const outcome = item({ type: "Written", intent_id: "i1", note: "done after 2 failed tries", tries });

describe("the turns of an entity", () => {
  it("have the events and intents of a message with it, and the outcome of an intent with the intent", () => {
    const turns = groupIntoTurns([first, event, outcome]);
    expect(turns.map(({ cause }) => cause.type)).toEqual(["Hello", "Written"]);
    expect(turns[0]).toMatchObject({
      events: [{ type: "Began", kind: "event" }],
      intents: [{ id: "i1", note: "done after 2 failed tries", tries }],
    });
  });

  it("have no outcome for an intent that is pending", () =>
    expect(groupIntoTurns([first])[0]?.intents).toEqual([
      { id: "i1", type: "box.write", target: "box://1", note: null, tries: [] },
    ]));

  it("give the transitions of one machine in one attempt", () => {
    const later = item({ attempt_id: "a2", moves: [{ ...move, from: "PENDING" }] });
    expect(takenTransitions([first, later], "orchestrator", "a1")).toEqual([move]);
  });
});
