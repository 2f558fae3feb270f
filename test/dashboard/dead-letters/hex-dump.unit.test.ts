import { expect, it } from "vitest";
import { bytesOf, hexDump } from "../../../dashboard/dead-letters/hex-dump.ts";

it("a dump has the offset, the bytes in hexadecimal and as ASCII", () => {
  const dump = hexDump(bytesOf(btoa("\x00\xffRollcall, 18 bytes"), "base64"));
  expect(dump.split("\n")).toEqual([
    "00000000  00 ff 52 6f 6c 6c 63 61 6c 6c 2c 20 31 38 20 62  ..Rollcall, 18 b",
    `00000010  79 74 65 73${" ".repeat(36)}  ytes`,
  ]);
  expect(hexDump(bytesOf("é", "utf8"))).toContain("c3 a9");
});
