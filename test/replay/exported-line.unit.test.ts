import { describe, expect, it } from "vitest";
import { parseExportedLine } from "../../app/journal/exported-line.ts";

const place = { line: "row", partition: 0, at: "2026-01-01T00:00:00.250Z", contract_hash: "c0ffee", seq: 7 };
const deadlines = { liveness: { at: 1, renewedAt: null } };
const stored = {
  ...{ state: "OPEN", reducer_state: "half", seq: 3, deadlines },
  state_since: "2026-01-01T00:00:00.000Z",
  ...{ attempt: { number: 1, id: "a1", correlationIds: ["c1"], awaiting: [] }, data: null },
};
const before = {
  ...stored,
  state_version: 1,
  intents: [{ id: "i1", type: "box.write", target: "box://1", version: 3, attemptId: "a1", correlationId: "c1" }],
};
const about = { entity_id: "e", prev: 6, prev_day: "2025-12-31", before };
const named = { type: "Opened", id: "m1", correlation_id: "c1" };
const step = {
  ...{ of: "bus", ...named, now: 1, armed: deadlines, result: "changed", reason: "", state: null, reducer_state: null },
  payload: {},
};
const copy = { topic: "t", key: null, headers: {}, value: { base64: "/w==" } };
const origin = { topic: "t", partition: 0, offset: 9 };
const asked = { ...named, attempt_id: "a1", target: "box://1" };

/** A line of each kind. What follows the bar may be left out. */
const LINES: Readonly<Record<string, readonly [object, object?]>> = {
  journal: [
    { line: "journal", format: 1, domain: "d", env: "dev", namespace: "", state_version: 1, read_at: place.at },
    { since: place.at },
  ],
  contract: [{ line: "contract", hash: "c0ffee", files: { "a.yaml": "" } }],
  message: [
    { ...place, kind: "message", entity_id: "e", ...step },
    { ...about, armed: {}, origin, intent_id: "i1" },
  ],
  event: [
    { ...place, kind: "event", entity_id: "e", ...named, attempt_id: "a1", value: "{}" },
    { ...about, before: { ...before, published_seq: 2 }, topic: "t" },
  ],
  intent: [{ ...place, kind: "intent", entity_id: "e", ...asked, version: 3, payload: {} }, about],
  end: [
    { ...place, kind: "end", entity_id: "e", ...asked },
    { ...about, note: "done" },
  ],
  repeat: [{ ...place, kind: "repeat", entity_id: "e", ...named }, about],
  repartitioned: [{ ...place, kind: "repartitioned", entity_id: "e", ...named, ...copy, to: 1 }],
  dead_letter: [
    { ...place, kind: "dead_letter", id: "d1", code: "TOO_LARGE", error: "", origin, ...copy },
    { ...about, ...named, refused: step },
  ],
  gap: [{ ...place, kind: "gap" }, { reason: "gone" }],
  entity: [{ line: "entity", partition: 0, entity_id: "e", ...stored, last_line: 7 }],
};
/** What may be anything, or nothing. */
const FREE = ["data", "armed"];

describe.each(Object.entries(LINES))("a line of an export: %s", (_, [needed, more = {}]) => {
  it("is taken as it is, also with fields that are not known", () => {
    for (const line of [needed, { ...needed, ...more }, { ...needed, ...more, later: 1 }])
      expect(parseExportedLine(line)).toBe(line);
  });

  it("is refused without a field, or with one of another type", () => {
    for (const name of Object.keys(needed).filter((each) => !FREE.includes(each))) {
      const { [name]: __, ...rest } = needed as Record<string, unknown>;
      expect([name, parseExportedLine(rest)]).toEqual([name, undefined]);
      expect([name, parseExportedLine({ ...needed, [name]: false })]).toEqual([name, undefined]);
    }
  });
});

it("a line about what an entity was before it is refused where a part of that is missing", () => {
  const [needed] = LINES["repeat"] as [object];
  const { intents: _, ...rest } = before;
  expect(parseExportedLine({ ...needed, ...about, before: rest })).toBeUndefined();
  expect(parseExportedLine({ ...needed, ...about, before: { ...before, intents: [{}] } })).toBeUndefined();
  expect(parseExportedLine({ ...needed, entity_id: undefined })).toBeUndefined();
});
