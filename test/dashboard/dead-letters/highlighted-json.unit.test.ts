import { describe, expect, it } from "vitest";
import { highlightedJson, pointersIn } from "../../../dashboard/dead-letters/highlighted-json.ts";

const highlighted = (value: unknown, ...pointers: string[]) =>
  highlightedJson(value, pointers)
    .filter((line) => line.isHighlighted)
    .map(({ text }) => text.trim());

describe("the pointers of an error", () => {
  it("are found in its text, each once", () => {
    expect(pointersIn("/node_id: 1 to 255 of A-Z . _ : -; /endpoints/a~1b: no URL; /node_id: again")).toEqual([
      "/node_id",
      "/endpoints/a~1b",
    ]);
    expect(pointersIn("the value is not JSON: at position 1")).toEqual([]);
  });

  it("highlight what they name, also where names are escaped", () => {
    const value = { node_id: "a b", endpoints: { "a/b": "file:///x", c: ["x", { d: 1 }] } };
    expect(highlighted(value, "/node_id", "/endpoints/a~1b")).toEqual(['"node_id": "a b",', '"a/b": "file:///x",']);
    expect(highlighted(value, "/endpoints/c/1/d")).toEqual(['"d": 1']);
  });

  it("highlight the parent where the value is missing", () => {
    expect(highlighted({ payload_type: "X", endpoints: { a: 1 } }, "/endpoints/b")).toEqual(['"endpoints": {']);
    expect(highlighted({ list: ["a: b", { "c: d": 1 }] }, "/list/0/x", "/list/1/c: d/x")).toEqual([
      '"a: b",',
      '"c: d": 1',
    ]);
  });

  it("are relative to the payload in an envelope", () => {
    expect(highlighted({ payload_type: "X", payload: { node_id: "a b" } }, "/node_id")).toEqual(['"node_id": "a b"']);
    expect(highlighted({ payload_type: "X", payload: 1 }, "/payload")).toEqual(['"payload": 1']);
  });

  it("do not change the JSON", () => {
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
