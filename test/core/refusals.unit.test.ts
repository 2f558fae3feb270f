import { describe, expect, it } from "vitest";
import type { SentMessage } from "../../app/testing/decision.ts";
import { handlersOf, refuse } from "../../runtime/core/handler.ts";
import { type StepRecord, stepRecord } from "../../runtime/core/journal.ts";
import { message, type Message } from "../../runtime/core/message.ts";
import { step } from "../../runtime/core/step.ts";
import { Replay } from "../../runtime/replay/replay.ts";
import { NOTE_MESSAGES, type NoteEdits, notesDomain, notesInMemory } from "../contract/notes-domain.ts";

const anna = { caller: { id: "anna" } };
const ben = { caller: { id: "ben" } };
type SentDoor = NonNullable<SentMessage["door"]>;
const write = (door?: SentDoor, text = "hello") => ({
  ...{ type: "WriteNote", payload: { note_id: "n1", text } },
  ...(door && { door }),
});
const drop = (door?: SentDoor) => ({ type: "DropNote", payload: { note_id: "n1" }, ...(door && { door }) });
const pin = (door?: SentDoor) => ({ type: "PinNote", payload: { note_id: "n1" }, ...(door && { door }) });

describe("a refusal", () => {
  it("of a row declines the message with code, kind, message and caller, and moves nothing", () => {
    const notes = notesInMemory().given(write(anna));
    const before = notes.entity("n1");
    const decision = notes.when(write(ben));
    expect(decision).toMatchObject({
      ...{ result: "declined", events: [], intents: [], moves: [], state: "WRITTEN" },
      reason: "WriteNote: NOT_OWNER: only its owner changes it",
    });
    expect(decision.declined).toEqual({ code: "NOT_OWNER", kind: "forbidden", caller: "ben" });
    expect(notes.entity("n1")).toBe(before);
  });

  it("of a function has its details", () => {
    const { declined } = notesInMemory().when(write(anna, "x".repeat(21)));
    expect(declined).toEqual({ code: "TOO_LONG", kind: "invalid", caller: "anna", details: { length: 21 } });
  });

  it("of what is not there leaves nothing", () => {
    const notes = notesInMemory();
    expect(notes.when(drop(anna)).declined).toEqual({ code: "NO_NOTE", kind: "not_found", caller: "anna" });
    expect(notes.entity("n1")).toBeUndefined();
  });

  it.each([
    ["that its handler does not declare", () => refuse("NO_NOTE"), /refuses with NO_NOTE, which its handler does not/],
    ["with details that are no object", () => refuse("TOO_LONG", [] as never), /details of TOO_LONG are no object/],
    ["with details over 4 KiB", () => refuse("TOO_LONG", { text: "x".repeat(4_096) }), /have 4107 bytes, at most 4096/],
  ])("%s is a defect", (_, run, said) => {
    const broken = handlersOf<object>()(WriteNote, { refusals: ["TOO_LONG"] }, { write: run });
    const decision = notesInMemory([], broken).when(write(anna));
    expect(decision).toMatchObject({ result: "refused", deadLetter: "CORE_ERROR", state: null });
    expect(decision.reason).toMatch(said);
  });

  it("takes details of exactly 4 KiB", () => {
    const text = "x".repeat(4_096 - JSON.stringify({ text: "" }).length);
    const full = handlersOf<object>()(
      WriteNote,
      { refusals: ["TOO_LONG"] },
      {
        write: () => refuse("TOO_LONG", { text }),
      },
    );
    expect(notesInMemory([], full).when(write(anna)).declined?.details).toEqual({ text });
  });
});

const WriteNote = NOTE_MESSAGES.find(({ messageType }) => messageType === "WriteNote") ?? message("WriteNote", {});

describe("who sent a message", () => {
  it("is compared, on either side of a test, and lists its roles", () => {
    const notes = notesInMemory().given(write(anna));
    expect(notes.when(drop(ben)).declined?.code).toBe("NOT_OWNER");
    expect(notes.when(drop({ caller: { id: "ben", roles: ["janitor"] } }))).toMatchObject({ state: "DROPPED" });
    notes.given(write(ben));
    expect(notes.when(drop(ben))).toMatchObject({ state: "DROPPED" });
  });

  it("may be privileged", () => {
    const notes = notesInMemory().given(write(anna));
    expect(notes.when(write({ caller: { id: "root", privileged: true } })).result).toBe("changed");
    expect(notes.entity("n1")?.data).toMatchObject({ owner: "anna" });
  });

  it("is nobody where its door says so, never absent", () => {
    const notes = notesInMemory();
    expect(notes.when(write({})).declined).toEqual({ code: "NOT_OWNER", kind: "forbidden", caller: "" });
    notes.given(write(anna));
    expect(notes.when(write({})).declined?.code).toBe("NOT_OWNER");
  });

  it("is asked for: without a door the message is declined, whatever it says of itself", () => {
    const notes = notesInMemory().given(write(anna));
    const payload = { note_id: "n1", text: "mine", door: anna, caller: { id: "anna" }, loaded: {} };
    for (const sent of [write(), drop(), { type: "WriteNote", payload }]) {
      const decision = notes.when(sent);
      expect(decision).toMatchObject({ result: "declined", state: "WRITTEN" });
      expect(decision.declined).toEqual({ code: "DOOR_REQUIRED", kind: "forbidden", caller: "" });
    }
  });

  it("is not asked for where the contract trusts the bus", () =>
    expect(notesInMemory().given(write(anna)).when(pin())).toMatchObject({ result: "no_op" }));

  it("is given to handlers that declare it, and to no other", () => {
    const seen: unknown[] = [];
    const note = (context: object) => {
      seen.push(Object.keys(context).filter((key) => ["caller", "loaded"].includes(key)));
      return [];
    };
    for (const reads of [["loaded"], []] as const)
      notesInMemory(WITHOUT_ROWS, handlersOf<object>()(WriteNote, { reads }, { write: note })).when(write(anna));
    expect(seen).toEqual([["caller", "loaded"], []]);
  });
});

/** Nothing but its handler may read the door of a WriteNote. */
const WITHOUT_ROWS: NoteEdits = [
  ["        - { current_state: [null, DROPPED], when: \"caller.id == ''\", refuse: NOT_OWNER }\n", ""],
  [
    '        - { current_state: WRITTEN, when: "state.owner != caller.id and caller.privileged is_false", ' +
      "refuse: NOT_OWNER }\n",
    "",
  ],
  ['  TOO_LONG: { kind: invalid, message: "a note has at most 20 characters" }\n', ""],
];

describe("what was loaded", () => {
  it.each([
    [{ board: { open: false } }, "declined"],
    [{ board: { open: true } }, "no_op"],
    [{ board: null }, "no_op"],
    [{}, "no_op"],
  ])("as %j is read by rows: %s", (loaded, result) =>
    expect(notesInMemory().given(write(anna)).when(pin({ loaded })).result).toBe(result),
  );
});

describe("if_match", () => {
  it("takes a message whose sender has seen the entity as it is", () => {
    const notes = notesInMemory();
    expect(notes.when(write({ ...anna, if_match: 0 })).result).toBe("changed");
    expect(notes.when(write({ ...anna, if_match: 1 })).result).toBe("changed");
  });

  it.each([0, 2])("declines one that has seen seq %i of 1, before any row decides", (if_match) => {
    const notes = notesInMemory().given(write(anna));
    const decision = notes.when(write({ ...ben, if_match }));
    expect(decision.declined).toEqual({
      ...{ code: "SEQ_CHANGED", kind: "precondition", caller: "ben" },
      details: { seq: 1 },
    });
    expect(decision.state).toBe("WRITTEN");
  });
});

describe("a journal's line of a message with a door", () => {
  const domain = notesDomain();
  const door = { caller: { id: "anna", roles: [], permissions: [], privileged: false }, loaded: {}, operation: "drop" };
  const sent: Message = {
    ...({ kind: "bus", type: "DropNote", id: "m", entityId: "n1", correlationId: "m", now: 1_000 } as const),
    ...{ payload: { note_id: "n1" }, door },
  };
  const place = { partition: 0, seq: 1, at: "1970-01-01T00:00:01.000Z", contract_hash: domain.contractHash };
  const record = JSON.parse(JSON.stringify(stepRecord(sent, undefined, step(domain, undefined, sent)))) as StepRecord;
  const differences = (line: StepRecord) => {
    const observer = { difference: () => {}, incomplete: () => {} };
    const replay = new Replay(new Map([[domain.contractHash, domain]]), observer);
    replay.addLine({ ...line, ...place });
    return replay.end().differences;
  };

  it("is replayed with its caller to the same answer", () => {
    expect(record).toMatchObject({ declined: { code: "NO_NOTE", caller: "anna" }, door });
    expect(differences(record)).toBe(0);
  });

  it("differs without it", () => expect(differences({ ...record, door: undefined })).toBeGreaterThan(0));
});
