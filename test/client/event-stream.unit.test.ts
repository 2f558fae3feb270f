import { expect, it } from "vitest";
import { SseParser } from "../../client/event-stream.ts";

function read(...pieces: readonly string[]): (readonly [string | undefined, string])[] {
  const told: (readonly [string | undefined, string])[] = [];
  const reader = new SseParser((id, data) => told.push([id, data]));
  for (const piece of pieces) reader.push(piece);
  return told;
}

it("reads an event, its id and its lines", () => {
  expect(read("id: 7\nevent: x\ndata: {\ndata: }\n\n")).toEqual([["7", "{\n}"]]);
});

it("reads events that arrive in pieces", () => {
  expect(read("id: 7\nda", "ta: a", "\n", "\ndata: b\n\n")).toEqual([
    ["7", "a"],
    ["7", "b"],
  ]);
});

it("reads every kind of line end, split anywhere", () => {
  const text = "id: 1\r\ndata: a\r\n\r\nid: 2\rdata: b\r\rid: 3\ndata: c\n\n";
  const expected = [
    ["1", "a"],
    ["2", "b"],
    ["3", "c"],
  ];
  expect(read(text)).toEqual(expected);
  expect(read(...text)).toEqual(expected);
});

it("keeps the position of a comment without data", () => {
  expect(read(": hello\n\n", "id: 9\n: start\n\n")).toEqual([["9", ""]]);
});

it("ignores an id with a NUL, and data without a colon is empty", () => {
  expect(read("id: a\0b\ndata\n\n")).toEqual([[undefined, ""]]);
});
