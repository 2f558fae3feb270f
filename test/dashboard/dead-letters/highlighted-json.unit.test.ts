import { describe, expect, it } from "vitest";
import { bytesOf, hexDump } from "../../../dashboard/dead-letters/hex-dump.ts";
import { highlightedJson, pointersIn } from "../../../dashboard/dead-letters/highlighted-json.ts";

const lit = (value: unknown, ...pointers: string[]) =>
  highlightedJson(value, pointers)
    .filter((line) => line.isHighlighted)
    .map(({ text }) => text.trim());

describe("the pointers of an error", () => {
  it("are all that it names", () => {
    expect(pointersIn("/node_id: 1 to 255 of A-Z . _ : -; /endpoints/a~1b: no URL; /node_id: again")).toEqual([
      "/node_id",
      "/endpoints/a~1b",
    ]);
    expect(pointersIn("the value is not JSON: at position 1")).toEqual([]);
  });

  it("light what they name, however it is escaped", () => {
    const value = { node_id: "a b", endpoints: { "a/b": "file:///x", c: ["x", { d: 1 }] } };
    expect(lit(value, "/node_id", "/endpoints/a~1b")).toEqual(['"node_id": "a b",', '"a/b": "file:///x",']);
    expect(lit(value, "/endpoints/c/1/d")).toEqual(['"d": 1']);
  });

  it("light what should hold them, where they are not there", () => {
    expect(lit({ payload_type: "X", endpoints: { a: 1 } }, "/endpoints/b")).toEqual(['"endpoints": {']);
  });

  it("are of the payload in an envelope", () => {
    expect(lit({ payload_type: "X", payload: { node_id: "a b" } }, "/node_id")).toEqual(['"node_id": "a b"']);
    expect(lit({ payload_type: "X", payload: 1 }, "/payload")).toEqual(['"payload": 1']);
  });

  it("are shown in JSON that is still the same", () => {
    const value = { a: [], b: {}, c: [1, null, "x"], d: { e: { f: true } } };
    expect(
      JSON.parse(
        highlightedJson(value, ["/d/e"])
          .map(({ text }) => text)
          .join("\n"),
      ),
    ).toEqual(value);
  });
});

it("bytes are shown by offset, in hexadecimal and as letters", () => {
  const dump = hexDump(bytesOf(btoa("\x00\xffRollcall, 18 bytes"), "base64"));
  expect(dump.split("\n")).toEqual([
    "00000000  00 ff 52 6f 6c 6c 63 61 6c 6c 2c 20 31 38 20 62  ..Rollcall, 18 b",
    `00000010  79 74 65 73${" ".repeat(36)}  ytes`,
  ]);
  expect(hexDump(bytesOf("é", "utf8"))).toContain("c3 a9");
});
