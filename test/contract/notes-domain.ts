import { readFileSync } from "node:fs";
import { z } from "zod";
import { domainCodeOf, type ModuleCode } from "../../app/host/module.ts";
import { ManualClock } from "../../app/testing/manual-clock.ts";
import { TestDomain } from "../../app/testing/memory-domain.ts";
import { validateFiles } from "../../runtime/contract/checks/validate.ts";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import { formatDiagnostics } from "../../runtime/contract/diagnostics/format-diagnostics.ts";
import { type Handler, handlersOf, refuse } from "../../runtime/core/handler.ts";
import { message } from "../../runtime/core/message.ts";

/** A domain whose notes have owners: it refuses, and reads who sent a message and what was loaded for it. */
const text = readFileSync(new URL("./notes/notes.yaml", import.meta.url), "utf8");

const note = { note_id: z.string() };
const WriteNote = message("WriteNote", { ...note, text: z.string() });
const NoteWritten = message("NoteWritten", { text: z.string(), owner: z.string() });
export const NOTE_MESSAGES = [
  ...[WriteNote, NoteWritten, message("DropNote", note), message("NoteDropped", {})],
  message("PinNote", note),
];

const LENGTH_MAX = 20;
type Note = { readonly owner?: string | undefined };

const writeNote = handlersOf<Note>()(
  WriteNote,
  { reads: ["caller"], refusals: ["TOO_LONG"] },
  {
    write: ({ message: { payload }, entity, caller }) =>
      payload.text.length > LENGTH_MAX
        ? refuse("TOO_LONG", { length: payload.text.length })
        : [NoteWritten.of({ text: payload.text, owner: entity.data.owner ?? caller.id })],
  },
);

/** @param handler stands in for the one of WriteNote */
export const notesCode = (handler: Handler = writeNote): ModuleCode => ({
  messages: NOTE_MESSAGES,
  handlers: { HandlerWriteNote: handler },
});

export type NoteEdits = readonly (readonly [replace: string, by: string])[];

export function editedNotes(edits: NoteEdits = [], handler?: Handler) {
  const edited = edits.reduce((before, [replace, by]) => {
    if (!before.includes(replace)) throw new Error(`the contract has no ${replace}`);
    return before.replace(replace, () => by);
  }, text);
  return validateFiles("notes", [{ file: "notes.yaml", text: edited }], domainCodeOf("notes", notesCode(handler)));
}

export function notesModel(edits: NoteEdits = [], handler?: Handler) {
  const { model, diagnostics } = editedNotes(edits, handler);
  if (!model) throw new Error(formatDiagnostics(diagnostics, "text"));
  return model;
}

export const notesDomain = (edits: NoteEdits = [], handler?: Handler) =>
  compileDomain(notesModel(edits, handler), { env: "dev", namespace: "" });

export const notesInMemory = (edits: NoteEdits = [], handler?: Handler) =>
  new TestDomain<Note>(notesDomain(edits, handler), { messages: NOTE_MESSAGES, clock: new ManualClock() });

export const inShort = ({ diagnostics }: ReturnType<typeof editedNotes>): readonly string[] =>
  diagnostics.map(({ code, line, message: said }) => `${code} ${line} ${said}`);
