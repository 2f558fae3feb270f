import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EntityLink, JournalBytes, JournalLine, LineKind, NewLine } from "../../runtime/core/journal.ts";
import { linesOf, type TurnRow } from "../../runtime/stored/read-lines.ts";
import {
  CHUNK_LENGTH_MAX,
  CHUNK_LINES_MAX,
  decodeBytes,
  encodeBytes,
  LineChunks,
  type UnplacedLine,
} from "../../runtime/stored/write-lines.ts";
import { AT, eventLine, stepLine } from "./lines.ts";

const FIRST = 41;

/** As a turn writes them. */
function rowsOf(lines: readonly NewLine[]): TurnRow[] {
  const chunks = new LineChunks();
  lines.forEach((line, index) => {
    const { prev, prev_day, before, ...unplaced } = line as NewLine & EntityLink;
    chunks.add(FIRST + index, unplaced as UnplacedLine, { prev, prev_day, before });
  });
  return chunks.chunks.map(({ seq, lastSeq, lines: text }) => ({
    ...{ partition: 3, seq, last_seq: lastSeq, at: new Date(AT), contract_hash: "hash", lines: text },
  }));
}
const read = (rows: readonly TurnRow[], entityId?: string): JournalLine[] =>
  rows.flatMap((row) => linesOf("toy", row, entityId));
const placed = (lines: readonly NewLine[]) =>
  lines.map((line, index) => ({ ...line, partition: 3, seq: FIRST + index, at: AT, contract_hash: "hash" }));

/** Whatever can stand in a string, and what a line is taken apart by. */
const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc
    .array(
      fc.constantFrom('"', "\\", "\n", "\r", "\u2028", "\0", "\ud800", "\udfff", ',"value":{', "}", ",", '"value":'),
    )
    .map((parts) => parts.join("")),
);
/** What comes back from JSON as it went in. */
const anyJson = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown);
const anyObject = fc.dictionary(anyText, anyJson).map((value) => JSON.parse(JSON.stringify(value)) as object);
const anySeq = fc.nat();
/** As JSON.stringify writes it, and as nobody does. */
const anyEnvelope = fc.oneof(
  anyObject.map((object) => JSON.stringify(object)),
  anyText.map((text) => `{"n": 1.0, "e":1E2 ,"text":${JSON.stringify(text).replaceAll("a", "\\u0061")} }`),
);
const anyBytes = fc.oneof(
  anyText.map((text) => Buffer.from(text)),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
);

const names = { entity_id: anyText, id: anyText, type: anyText, correlation_id: anyText };
const link = { prev: fc.option(anySeq, { nil: undefined }) };
const before = fc.record({ state: anyText, data: anyObject, attempt: anyObject, deadlines: anyObject });
const dayLink = { ...link, prev_day: anyText, before };
const copy = { topic: anyText, key: anyBytes.map(encodeBytes), headers: anyObject, value: anyBytes.map(encodeBytes) };
const ofKind = (kind: LineKind, fields: object) =>
  fc.record({ ...names, ...fields }).map((line) => ({ kind, ...line }) as unknown as NewLine);
const anyLine = fc.oneof(
  ofKind("message", { ...dayLink, reason: anyText, payload: anyObject, armed: anyObject, origin: anyObject }),
  ofKind("event", { ...link, attempt_id: anyText, topic: anyText, traceparent: anyText, value: anyEnvelope }),
  ofKind("intent", { ...link, target: anyText, payload: anyObject, version: anySeq }),
  ofKind("end", { ...dayLink, note: anyText, tries: fc.array(anyObject) }),
  ofKind("repeat", { ...dayLink, reason: anyText }),
  ofKind("repartitioned", { ...copy, to: anySeq, reason: anyText }),
  ofKind("dead_letter", { ...copy, ...dayLink, code: anyText, error: anyText }),
  ofKind("gap", { reason: anyText, from: anySeq, to: anySeq }),
);

describe("lines", () => {
  it("are read as they were written, whatever they say", () => {
    fc.assert(
      fc.property(fc.array(anyLine, { minLength: 1, maxLength: 8 }), (lines) => {
        expect(read(rowsOf(lines))).toEqual(placed(lines));
      }),
      { numRuns: 1_000 },
    );
  });

  it("about an entity are found, whatever its id and the others say", () => {
    fc.assert(
      fc.property(fc.array(anyLine, { minLength: 1, maxLength: 6 }), (lines) => {
        const [{ entity_id: id } = {}] = lines;
        const wanted = placed(lines).filter((line) => line.entity_id === id);
        expect(read(rowsOf(lines), id as string)).toEqual(wanted);
      }),
    );
  });

  it("have the bytes of an event as they were, which nobody parsed", () => {
    fc.assert(
      fc.property(anyEnvelope, (value) => {
        const [line] = read(rowsOf([eventLine("e", "v1", { value })]));
        expect(line).toMatchObject({ value });
      }),
    );
  });

  it("keep any bytes", () => {
    const kept = (bytes: Buffer | null) => decodeBytes(JSON.parse(JSON.stringify(encodeBytes(bytes))) as JournalBytes);
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expect(kept(bytes)).toEqual(bytes);
      }),
    );
    expect(kept(null)).toBeNull();
  });
});

describe("a row", () => {
  const spans = (lines: readonly NewLine[]) => rowsOf(lines).map(({ seq, last_seq }) => [seq, last_seq]);
  const many = (count: number, bytes = 0) =>
    Array.from({ length: count }, (_, index) => stepLine("e", `m${index}`, { payload: { text: "x".repeat(bytes) } }));

  it("has 256 lines at the most", () => {
    expect(CHUNK_LINES_MAX).toBe(256);
    expect(spans(many(256))).toEqual([[FIRST, FIRST + 255]]);
    expect(spans(many(600))).toEqual([
      [FIRST, FIRST + 255],
      [FIRST + 256, FIRST + 511],
      [FIRST + 512, FIRST + 599],
    ]);
  });

  it("has 128 KiB at the most, and each is used", () => {
    expect(CHUNK_LENGTH_MAX).toBe(128 * 1024);
    const rows = rowsOf(many(100, 5_000));
    for (const { lines } of rows) expect(lines.length).toBeLessThanOrEqual(CHUNK_LENGTH_MAX);
    for (const { lines } of rows.slice(0, -1)) expect(lines.length).toBeGreaterThan(CHUNK_LENGTH_MAX - 6_000);
    expect(read(rows)).toHaveLength(100);
  });

  it("is larger only for a line that is, which has it alone", () => {
    const large = stepLine("e", "large", { payload: { text: "x".repeat(CHUNK_LENGTH_MAX) } });
    const [small] = many(1) as [NewLine];
    expect(spans([small, small, large, small, large])).toEqual([
      [FIRST, FIRST + 1],
      [FIRST + 2, FIRST + 2],
      [FIRST + 3, FIRST + 3],
      [FIRST + 4, FIRST + 4],
    ]);
  });

  it.each<[string, (row: TurnRow) => Partial<TurnRow>]>([
    ["lacks a line", ({ lines }) => ({ lines: lines.split("\n").slice(1).join("\n") })],
    ["has a line too many", ({ lines }) => ({ lines: `${lines}\n{}` })],
    ["has another number", ({ seq, last_seq }) => ({ seq: seq + 1, last_seq: last_seq + 1 })],
    ["has a line that is cut", ({ lines }) => ({ lines: lines.slice(0, -1) })],
    ["has a line of no known kind", ({ lines }) => ({ lines: lines.replace('"kind":"message"', '"kind":"toString"') })],
    ["has an event without a value", ({ lines }) => ({ lines: lines.replace(',"value":', ',"valve":') })],
    ["has an event whose value is cut", ({ lines }) => ({ lines: lines.replace(/\}\}\}\n/, "\n") })],
  ])("that %s is damaged, and says where", (_, damage) => {
    const [row] = rowsOf([eventLine("e", "v1"), stepLine("e", "m1")]) as [TurnRow];
    const damaged = { ...row, ...damage(row) };
    expect(() => linesOf("toy", damaged)).toThrow(
      expect.objectContaining({
        code: "JOURNAL_DAMAGED",
        message: expect.stringContaining(`row ${damaged.seq} of partition 3 of toy`) as string,
      }),
    );
  });
});
