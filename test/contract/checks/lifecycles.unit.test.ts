import { describe, expect, it } from "vitest";
import { z } from "zod";
import { checkModel } from "../../../runtime/contract/exploration/check-model.ts";
import type { DomainCode } from "../../../runtime/core/domain.ts";
import { message } from "../../../runtime/core/message.ts";
import { type FolderEdit, type Lifecycle, validateEdited } from "../edited-folder.ts";
import { pagesCode } from "../pages-domain.ts";
import { CELLS } from "./lifecycle-cells.ts";

/** Everything that is said of the contracts, by `rollcall validate`, and when that finds no error by `check`. */
function said(lifecycle: Lifecycle, edits: readonly FolderEdit[], code?: DomainCode): readonly string[] {
  const { model, diagnostics } = validateEdited(lifecycle, edits, code);
  const all = [...diagnostics, ...(model ? checkModel(model).diagnostics : [])];
  return all.map(({ code, message }) => `${code} ${message}`);
}

describe("the contracts of each lifecycle", () => {
  it.each(["attempts", "document", "once"] as const)("are right: %s", (lifecycle) => {
    expect(said(lifecycle, [])).toEqual([]);
  });

  it.each(CELLS)("are refused, of $lifecycle, unless $rule", ({ lifecycle, edits, says }) => {
    expect(said(lifecycle, edits)).toEqual(says);
  });

  it("undo nothing at the end of a document", () => {
    const edit: FolderEdit = [
      "output_events: [PageShelved]",
      "output_events: [PageShelved]\n      compensated_by: page.unshelve",
    ];
    const kept: FolderEdit = ["to_state: empty, actions: [emit_unshelve]", "to_state: empty"];
    const used: FolderEdit = [
      "actions: [note_text, emit_shelve, emit_list]",
      "actions: [emit_unshelve, note_text, emit_shelve, emit_list]",
    ];
    expect(said("document", [edit, kept, used])).toEqual([]);
  });
});

describe("what a document's contract must say", () => {
  const stays = (more: string): FolderEdit => ["{ state_name: SAVED, rests: true }", `{ state_name: SAVED, ${more} }`];
  const unleft: readonly FolderEdit[] = [
    ["from_state: [null, SAVING, SAVED, UNSAVED, REMOVED]", "from_state: [null, SAVING, UNSAVED, REMOVED]"],
    [
      "from_state: [SAVING, SAVED, UNSAVED], trigger: PageRemoved",
      "from_state: [SAVING, UNSAVED], trigger: PageRemoved",
    ],
    ["- { current_state: [SAVING, SAVED, UNSAVED] }", "- { current_state: [SAVING, UNSAVED] }"],
    [
      "- { event_model: { name: WritePage }, output_events: [PageChanged] }",
      "- event_model: { name: WritePage }\n      output_events: [PageChanged]\n      state_decision_matrix:\n" +
        '        - { current_state: SAVED, action: no_op, reason: "printed" }\n        - { current_state: "*" }',
    ],
  ];

  it("is that a state stays, where it can't be left", () => {
    const message = "SAVED can't be left, and neither is it terminal nor does it say stays";
    expect(said("document", unleft)).toEqual([`RC201 ${message}`]);
    expect(said("document", [stays("rests: true, stays: true"), ...unleft])).toEqual([]);
  });

  it("is that it rests where it stays, and only a document's states stay", () => {
    expect(said("document", [stays("stays: true")])).toContain(
      "RC006 a state that stays also rests: the key rests is missing",
    );
    const run: FolderEdit = [
      "{ state_name: WAITING, rests: true }",
      "{ state_name: WAITING, rests: true, stays: true }",
    ];
    expect(said("once", [run])).toEqual(["RC010 only a state of a document stays"]);
  });

  it("is how an intent that may fail succeeds", () => {
    const edits: readonly FolderEdit[] = [
      ["      output_events: [PageShelved]\n", ""],
      ["  - { event_type: PageShelved, trigger: written }\n", ""],
    ];
    expect(said("document", edits)).toContain(
      "RC208 page.shelve may fail and tells no success: in a document failed(page.shelve) could be of an older one",
    );
  });
});

it("check lets each of a document's targets answer, also where one type of intent has several", () => {
  const plain = pagesCode();
  const text = z.string().meta({ examples: ["one", "two"] });
  const WritePage = message("WritePage", { page_id: z.string(), text });
  const messages = plain.messages.map((each) => (each.messageType === "WritePage" ? WritePage : each));
  const byText: FolderEdit = [
    'intent_type: page.shelve, target_pattern: "shelf://{page_id}"',
    'intent_type: page.shelve, target_pattern: "shelf://{text}"',
  ];
  expect(said("document", [byText], { ...plain, messages })).toEqual([]);
});

it("a reducer's states rest, and none is terminal", () => {
  expect(said("once", [["{ state_name: none, rests: true }", "{ state_name: none, is_terminal: true }"]])[0]).toMatch(
    /^RC005 .*is_terminal/,
  );
  expect(said("once", [["{ state_name: given_back, rests: true }", "{ state_name: given_back }"]])).toEqual([
    "RC201 given_back can't be left, and does not rest",
  ]);
});
