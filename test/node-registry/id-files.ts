interface IdFile {
  readonly what: string;
  readonly content: string;
  /** Undefined: none that can be believed, so the node is the one that follows from its host and role. */
  readonly id: string | undefined;
  readonly note?: string;
}

/** What a file with a node's id may hold after a crash, an editor or another system, and what has to be read in it. */
export const ID_FILES = (derived: string): readonly IdFile[] => [
  { what: "an id", content: "n1\n", id: "n1" },
  { what: "an id without the end of its line", content: "n1", id: "n1" },
  { what: "the derived id", content: `${derived}\n`, id: derived },
  { what: "lines of Windows", content: "n1\r\n", id: "n1" },
  { what: "a byte order mark", content: "\uFEFFn1\n", id: "n1" },
  { what: "blanks and empty lines", content: "\n  n1 \n\n", id: "n1" },
  { what: "the same id twice", content: "n1\nn1\n", id: "n1" },
  { what: "nothing", content: "", id: undefined, note: "is empty" },
  { what: "a blank", content: " \n", id: undefined, note: "is empty" },
  { what: "16 NULs", content: "\0".repeat(16), id: undefined, note: "has no id" },
  { what: "half of the derived id", content: derived.slice(0, 18), id: undefined, note: "has half of an id" },
  { what: "two ids", content: "n1\nn2\n", id: undefined, note: "has several lines" },
  { what: "a sentence", content: "no id here\n", id: undefined, note: "has no id" },
  { what: "far too much", content: "n".repeat(256), id: undefined, note: "has no id" },
];
