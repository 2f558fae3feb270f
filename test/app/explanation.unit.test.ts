import { describe, expect, it } from "vitest";
import { explain, type ExplanationInput } from "../../app/http/entities/explanation.ts";
import type { TimelineItem } from "../../app/http/entities/timeline.ts";
import { formatDuration, joinList } from "../../app/http/server/text-format.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import type { Entity } from "../../runtime/core/entity.ts";

const nowMs = Date.parse("2026-01-01T00:01:00.000Z");
const at = (seconds: number): string => new Date(nowMs - seconds * 1_000).toISOString();
const item = (given: Partial<TimelineItem>): TimelineItem => ({
  ...{ at: at(10), partition: 0, seq: 1, kind: "message", type: "Thing", message_id: null, correlation_id: null },
  ...{
    attempt_id: null,
    result: "changed",
    reason: null,
    declined: null,
    caller: null,
    operation: null,
    note: null,
    tries: [],
    intent_id: null,
    state: null,
  },
  ...{ reducer_state: null, moves: [], events: [], intents: [], topic: null, payload: null },
  ...given,
});
const inputWith = (given: Partial<ExplanationInput>): ExplanationInput => ({
  domain: {
    orchestrator: {
      states: new Map([
        ["OPEN", { name: "OPEN", terminal: false, rests: false, transient: false }],
        ["SHUT", { name: "SHUT", terminal: true, rests: false, transient: false }],
      ]),
    },
  } as unknown as Domain,
  id: "n1",
  entity: {
    ...{
      id: "n1",
      state: "OPEN",
      reducerState: "half",
      data: {},
      seq: 1,
      publishedSeq: null,
      stateSince: nowMs - 30_000,
    },
    attempt: { number: 2, id: "a", correlationIds: [], awaiting: [] },
    deadlines: { tea: { at: nowMs + 5_000, renewedAt: null } },
  },
  attemptItems: [],
  recentItems: [],
  droppedOn: null,
  pendingIntents: [],
  dead_letters: [],
  trouble: [],
  moved_by: [{ on: "deadline(tea)", when: null, leads_to: "SHUT" }],
  nowMs,
  ...given,
});

describe("an explanation", () => {
  it("names state, age, attempt, deadline and what can change the state", () => {
    const { text } = explain(inputWith({}));
    expect(text).toBe(
      "n1 is OPEN since 2026-01-01T00:00:30.000Z (30 s ago), in attempt 2, with the reducer in half. " +
        "Its deadline tea (2026-01-01T00:01:05.000Z) is due in 5 s and would make it SHUT. " +
        "What can change its state: deadline(tea) leads to SHUT.",
    );
  });

  it("names pending intents, and how others were settled", () => {
    const intents = [
      { id: "i1", type: "shop.buy", target: "t", version: 1 },
      { id: "i2", type: "shop.pay", target: "t", version: 1 },
    ];
    const attempt = [item({ at: at(20), intents }), item({ intent_id: "i1", note: "done after 2 failed tries" })];
    const pendingIntents = [{ id: "i2", type: "shop.pay", target: "t", asked_at: at(20), not_yet: null, tries: [] }];
    const explanation = explain(inputWith({ attemptItems: attempt, pendingIntents }));
    expect(explanation.text).toContain("It is waiting for shop.pay (requested 20 s ago, pending).");
    expect(explanation.text).toContain("Intents settled: shop.buy done after 2 failed tries.");
    expect(explanation.intents.map(({ id, status }) => [id, status])).toEqual([
      ["i1", "settled"],
      ["i2", "pending"],
    ]);
  });

  it("has the error of the last try of an intent", () => {
    const tries = [9, 4].map((seconds) => ({ at: at(seconds), ms: 5, code: "UNAVAILABLE", error: `down ${seconds}` }));
    const pending = { id: "i1", type: "shop.pay", target: "t", asked_at: at(20), not_yet: null, tries };
    const { text, intents } = explain(inputWith({ pendingIntents: [pending] }));
    expect(text).toContain("It is waiting for shop.pay (requested 20 s ago, tried 4 s ago: UNAVAILABLE down 4).");
    expect(intents).toMatchObject([{ status: "pending", tries }]);
  });

  it("has what an effect waits for, as it says, and since when", () => {
    const not_yet = { since: at(5), note: "a person decides" };
    const pending = { id: "i1", type: "shop.pay", target: "t", asked_at: at(20), not_yet, tries: [] };
    const { text } = explain(inputWith({ pendingIntents: [pending] }));
    expect(text).toContain(`shop.pay (requested 20 s ago, not done yet since ${at(5)}: a person decides)`);
  });

  it("has the reason for the state, and the last messages without effect, newest first", () => {
    const moved = item({
      reason: "because of tea",
      moves: [{ machine: "orchestrator", trigger: "x", from: "A", to: "OPEN" }],
    });
    const nothing = [1, 2, 3, 4].map((n) =>
      item({ at: at(10 - n), type: "Ack", result: "no_op", reason: `stale ${n}` }),
    );
    const { reason, last_no_ops, text } = explain(inputWith({ attemptItems: [moved], recentItems: nothing }));
    expect(reason).toBe("because of tea");
    expect(last_no_ops.map((each) => each.reason)).toEqual(["stale 4", "stale 3", "stale 2"]);
    expect(text).toContain("Recent messages without effect: Ack 6 s ago (stale 4), Ack 7 s ago (stale 3)");
  });

  it("says until when what has ended is kept, and of what is purged what its id is good for", () => {
    const ended = { ...inputWith({}).entity, state: "SHUT", deadlines: {} } as Entity;
    const moved_by = [{ on: "Open", when: null, leads_to: "OPEN" }];
    const domain = inputWith({}).domain;
    const states = new Map(
      [...domain.orchestrator.states].map(([name, state]) => [name, { ...state, retainMs: 60_000 }]),
    );
    const retained = (lifecycle: Domain["lifecycle"]): Domain =>
      ({ ...domain, lifecycle, orchestrator: { ...domain.orchestrator, states } }) as Domain;
    const text = (lifecycle: Domain["lifecycle"], entity: Entity): string =>
      explain(inputWith({ domain: retained(lifecycle), entity, moved_by })).text;
    expect(text("attempts", ended)).toContain(
      "SHUT ends an attempt. It is kept until 2026-01-01T00:01:30.000Z, and purged then.",
    );
    const purged: Entity = { ...ended, state: null, endedAt: nowMs - 1_000 };
    expect(text("attempts", purged)).toContain("What can change its state: Open leads to OPEN.");
    expect(text("once", purged)).toMatch(
      /No transition leads out of this state\. Its id is new once its tombstone has gone\.$/,
    );
  });

  it("names outages and dead letters, also for an unknown node", () => {
    const dead_letters = [{ id: "d1", at: at(1), code: "MALFORMED_JSON", error: "no JSON" }];
    const { known, text } = explain(
      inputWith({ entity: undefined, dead_letters, trouble: ["the bus can't be reached (x)"] }),
    );
    expect(known).toBe(false);
    expect(text).toContain("No message of n1 has had an effect. 1 of its messages is a dead letter, the newest with");
    expect(text).toContain("rollcall dlq show d1");
    expect(text).toContain("It is blocked: the bus can't be reached (x).");
  });
});

describe("text formats", () => {
  it("format durations and lists for people", () => {
    expect([0, 999, 1_500, 119_000, 120_000, 7_200_000, 172_800_000].map(formatDuration)).toEqual([
      "0 ms",
      "999 ms",
      "1 s",
      "119 s",
      "2 min",
      "2 h",
      "2 d",
    ]);
    expect([joinList([]), joinList(["a"]), joinList(["a", "b", "c"], "or")]).toEqual(["", "a", "a, b or c"]);
  });
});
