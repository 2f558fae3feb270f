import { describe, expect, it } from "vitest";
import { checkModel } from "../../runtime/contract/exploration/check-model.ts";
import { buildGraph } from "../../runtime/contract/graph/graph.ts";
import type { Handler } from "../../runtime/core/handler.ts";
import { DeadlineFired } from "../../runtime/core/message.ts";
import { editedNotes, inShort, type NoteEdits, notesCode, notesModel } from "./notes-domain.ts";

const found = (...edits: NoteEdits) => inShort(editedNotes(edits));
const HandlerWriteNote = notesCode().handlers?.["HandlerWriteNote"] as Handler;
const foundWith = (change: Partial<Handler>, ...edits: NoteEdits) =>
  inShort(editedNotes(edits, { ...HandlerWriteNote, ...change }));

const TOO_LONG = '  TOO_LONG: { kind: invalid, message: "a note has at most 20 characters" }\n';
const NOT_OWNER_ROW = "{ current_state: WRITTEN, refuse: NOT_OWNER }";

describe("refusals are checked:", () => {
  it("a contract that is right", () => expect(found()).toEqual([]));

  it.each<readonly [string, NoteEdits, readonly string[]]>([
    [
      "a row's that is not listed",
      [[NOT_OWNER_ROW, "{ current_state: WRITTEN, refuse: NOT_OWNR }"]],
      ["RC101 37 no refusal NOT_OWNR under refusals"],
    ],
    [
      "one that is listed and never used",
      [["  TOO_LONG:", '  TOO_OLD: { kind: gone, message: "it is over" }\n  TOO_LONG:']],
      ["RC115 13 TOO_OLD is listed, but no row and no handler refuses with it"],
    ],
    [
      "a handler's that is not listed",
      [[TOO_LONG, ""]],
      ["RC110 25 HandlerWriteNote refuses with TOO_LONG, which is not under refusals"],
    ],
    [
      "one of the runtime's own",
      [["  NO_NOTE:", '  ENDED: { kind: gone, message: "it is over" }\n  NO_NOTE:']],
      ["RC112 11 ENDED is the runtime's own refusal"],
    ],
    [
      "beside an action",
      [[NOT_OWNER_ROW, '{ current_state: WRITTEN, action: no_op, reason: "x", refuse: NOT_OWNER }']],
      ["RC010 37 a row has either an action or refuse, not both"],
    ],
    [
      "with events",
      [[NOT_OWNER_ROW, "{ current_state: WRITTEN, output_events: [NoteDropped], refuse: NOT_OWNER }"]],
      ["RC010 37 what is refused has no events"],
    ],
    [
      "with a reason of its own",
      [[NOT_OWNER_ROW, '{ current_state: WRITTEN, refuse: NOT_OWNER, reason: "x" }']],
      ["RC010 37 only a no_op has a reason"],
    ],
    [
      "of a kind that there is not",
      [["kind: not_found", "kind: not_fond"]],
      ["RC010 11 expected invalid or forbidden"],
    ],
    ["without a message", [[', message: "there is no such note"', ""]], ["RC006 11 the key message is missing"]],
    ["with a misspelt key", [["kind: not_found", "knd: not_found"]], ["RC005 11 unknown key knd"]],
    [
      "by a name that is none",
      [
        ["  NO_NOTE:", "  no_note:"],
        ['"*", refuse: NO_NOTE', '"*", refuse: no_note'],
      ],
      ['RC009 11 "no_note": a refusal\'s code is UPPER_SNAKE_CASE'],
    ],
  ])("%s", (_, edits, said) => {
    const all = found(...edits);
    expect(all.slice(0, said.length)).toEqual(said.map((each) => expect.stringContaining(each)));
  });

  it("of what the runtime says, which hears no answer", () =>
    expect(
      found(
        ["rests: true, stays: true", "deadline: { name: idle, after: 1d }"],
        [
          "    - event_model: { name: DropNote }",
          "    - event_model: { name: deadline(idle) }\n      refuse: NOT_OWNER\n    - event_model: { name: DropNote }",
        ],
      ),
    ).toEqual(["RC115 34 deadline(idle) comes from the runtime, which hears no refusal"]));

  it("from_bus where nothing reads the door", () =>
    expect(found(["loaded.board.open is_false", "note_id == x"])).toEqual([
      "RC115 18 from_bus says nothing: no row and no handler of PinNote reads caller or loaded",
    ]));
});

describe("what rows and handlers read of a door is checked:", () => {
  it.each([
    ["caller.id == ''", "caller.name == ''", "RC108 29 caller has no name"],
    ["caller.id == ''", "caller.privileged == ''", "RC108 29 caller.privileged is a boolean"],
    ["caller.roles contains janitor", "caller.roles == janitor", "RC108 36 == tests a number or string or boolean"],
    ["caller.id == state.owner", "caller.id == calle.owner", "RC108 36 calle.owner is a text here: a path in who sent"],
    ["caller.id == state.owner", "caller.id == state.ownr", "RC108 36 the reducer's state has no ownr"],
  ])("%s as %s", (replace, by, said) => expect(found([replace, by])[0]).toContain(said));

  it("an invariant knows no sender", () =>
    expect(found(["state_machine:", "invariants: [{ never: \"caller.id == ''\" }]\nstate_machine:"])).toEqual([
      "RC108 45 caller.id is not known here: only `when` of a row for a consumed event reads what came with a message",
    ]));

  it("a handler of what the runtime says reads none", () => {
    const edit = ["event_model: { name: WriteNote }", "event_model: { name: deadline(idle) }"] as const;
    const timed = ["rests: true, stays: true", "deadline: { name: idle, after: 1d }"] as const;
    expect(foundWith({ refusals: [], message: DeadlineFired }, edit, timed)).toContain(
      "RC110 26 HandlerWriteNote reads caller, and deadline(idle) comes from the runtime",
    );
  });
});

describe("rollcall check", () => {
  const diagnosed = (...edits: NoteEdits) =>
    checkModel(notesModel(edits)).diagnostics.map(({ line, message, timeline = [] }) => {
      return [line, message, timeline.at(-1)?.message];
    });

  it("tries each row as owner, stranger, privileged and nobody, and finds nothing in a contract that is right", () => {
    const { diagnostics, untaken, transitions } = checkModel(notesModel());
    expect({ diagnostics, untaken }).toEqual({ diagnostics: [], untaken: [] });
    expect(transitions).toBeGreaterThan(100);
  });

  it("finds a row that lets nobody in, since nobody's notes are everybody's", () =>
    expect(
      diagnosed(["        - { current_state: [null, DROPPED], when: \"caller.id == ''\", refuse: NOT_OWNER }\n", ""]),
    ).toEqual([
      [
        31,
        expect.stringMatching(/^WriteNote lets nobody in in WRITTEN .*: rows there ask for an owner/),
        expect.any(String),
      ],
      [35, expect.stringMatching(/^DropNote lets nobody in in WRITTEN /), expect.stringContaining("by nobody")],
    ]));

  it("finds a row that a rule leaves open whose other side may be absent", () =>
    expect(diagnosed(["state.owner != caller.id", "loaded.note.owner != caller.id"])).toEqual([
      [32, expect.stringMatching(/^WriteNote lets nobody in in WRITTEN /), "WriteNote, by nobody"],
    ]));

  it("takes it where the row says who may come", () =>
    expect(diagnosed(["caller.roles contains janitor", "caller.id == ''"])).toEqual([]));
});

it("a graph shows what a handler may refuse with", () => {
  const { nodes, edges } = buildGraph(notesModel());
  expect(nodes.filter(({ kind }) => kind === "refusal").map(({ label }) => label)).toEqual([
    ...["NOT_OWNER", "TOO_LONG", "NO_NOTE", "BOARD_CLOSED"],
  ]);
  expect(edges).toContainEqual({ from: "handler:HandlerWriteNote", to: "refusal:TOO_LONG" });
});
