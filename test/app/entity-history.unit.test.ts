import { describe, expect, it } from "vitest";
import { pendingIntents } from "../../app/http/entities/entity-history.ts";
import type { IntentTry } from "../../runtime/core/journal.ts";
import type { StoredIntent } from "../../runtime/stored/intents.ts";
import { AT, endLine, groupOf, intentLine, stepLine } from "../stored/lines.ts";

const failed = (error: string): IntentTry => ({ at: AT, ms: 5, code: "UNAVAILABLE", error });
const parked = (id: string, askedAtMs: number, tries: readonly IntentTry[] = []): StoredIntent => ({
  ...{ seq: 1, askedAtMs, isParked: true, failedTries: tries.length, tries, notYet: undefined },
  intent: {
    ...{ id, entityId: "e", attemptId: "a1", type: "box.write", target: "box://1" },
    ...{ version: 1, correlationId: "c", payload: {} },
  },
});
const idsOf = (...given: Parameters<typeof pendingIntents>) => pendingIntents(...given).map(({ id }) => id);
const nothing = { tries: new Map<string, readonly IntentTry[]>(), notYet: new Map() };

const asked = groupOf(1, stepLine("e", "m1"), intentLine("e", "i1"), intentLine("e", "i2"));
const laterAsked = groupOf(4, stepLine("e", "m2"), intentLine("e", "i3"));
const byOutcome = groupOf(6, stepLine("e", "m3", { of: "outcome", intent_id: "i1" }));
const byEnd = groupOf(7, endLine("e", "i3"));

describe("pending intents", () => {
  it("are those of which no outcome and no end follows, oldest first", () => {
    expect(idsOf([laterAsked, asked], [], nothing)).toEqual(["i1", "i2", "i3"]);
    expect(idsOf([byEnd, byOutcome, laterAsked, asked], [], nothing)).toEqual(["i2"]);
    expect(pendingIntents([asked], [], nothing)[0]).toEqual({
      ...{ id: "i1", type: "box.write", target: "box://1", asked_at: AT, tries: [], not_yet: null },
    });
  });

  it("are also those that a day's first line names, from when they were asked where that line is read too", () => {
    const open = { type: "box.write", target: "box://1", version: 1, attemptId: "a1", correlationId: "c" };
    const before = { intents: ["i0", "i1", "i2"].map((id) => ({ id, ...open })) };
    const today = groupOf(9, stepLine("e", "m4", { of: "outcome", intent_id: "i0", before }));
    expect(idsOf([today], [], nothing)).toEqual(["i1", "i2"]);
    const earlier = groupOf(1, stepLine("e", "m1"), intentLine("e", "i1"));
    const yesterday = {
      ...earlier,
      behind: earlier.behind.map((line) => ({ ...line, at: "2026-03-27T23:59:59.000Z" })),
    };
    expect(pendingIntents([today, yesterday], [], nothing).map(({ id, asked_at }) => [id, asked_at])).toEqual([
      ["i1", "2026-03-27T23:59:59.000Z"],
      ["i2", AT],
    ]);
  });

  it("are also those that have a row, from however long ago", () => {
    const rows = [parked("old", Date.parse(AT) - 60_000), parked("i3", Date.parse(AT))];
    expect(idsOf([byOutcome], rows, nothing)).toEqual(["old", "i3"]);
    expect(idsOf([laterAsked, asked], rows, nothing)).toEqual(["old", "i1", "i2", "i3"]);
  });

  it("have the calls that this process made, or those of their row", () => {
    const rows = [parked("i1", Date.parse(AT), [failed("of the row")]), parked("i2", Date.parse(AT), [failed("too")])];
    const here = { ...nothing, tries: new Map([["i1", [failed("of the row"), failed("of this process")]]]) };
    const found = pendingIntents([asked], rows, here);
    expect(found.map(({ tries }) => tries.map(({ error }) => error))).toEqual([
      ["of the row", "of this process"],
      ["too"],
    ]);
  });

  it("have what their effects wait for: here, or as their rows say", () => {
    const sinceMs = Date.parse(AT);
    const row = (id: string) => ({ ...parked(id, sinceMs), notYet: { sinceMs, note: "first said" } });
    const here = { ...nothing, notYet: new Map([["i1", { sinceMs, note: "said last" }]]) };
    const found = pendingIntents([laterAsked, asked], [row("i1"), row("i2")], here);
    expect(found.map(({ not_yet }) => not_yet)).toEqual([
      { since: AT, note: "said last" },
      { since: AT, note: "first said" },
      null,
    ]);
  });
});
