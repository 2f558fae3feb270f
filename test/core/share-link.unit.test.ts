import { describe, expect, it } from "vitest";
import type { DoorKey } from "../../runtime/core/door-seal.ts";
import { linkKeyId, openLink, sealLink } from "../../runtime/core/share-link.ts";

const key = (id: number): DoorKey => ({ id, secret: Buffer.alloc(32, id) });
const LINK = { domain: "runs", entityId: "r-1", operations: ["getRun", "watchRun"], expiresAtMs: 1_000 };
const text = sealLink(key(1), LINK);
const [, , body = "", mac = ""] = text.split(".");
const forged = (link: readonly unknown[]): string =>
  `1.1.${Buffer.from(JSON.stringify(link)).toString("base64url")}.${mac}`;

describe("a link", () => {
  it("says what it opens to whoever has the key, also while the key is replaced", () => {
    expect(openLink([key(1)], text)).toEqual(LINK);
    expect(openLink([key(2), key(1)], text)).toEqual(LINK);
    expect(linkKeyId(text)).toBe(1);
  });

  it.each([
    ["another entity", forged(["runs", "r-2", LINK.operations, 1_000])],
    ["another domain", forged(["walks", "r-1", LINK.operations, 1_000])],
    ["more operations", forged(["runs", "r-1", [...LINK.operations, "killRun"], 1_000])],
    ["a later end", forged(["runs", "r-1", LINK.operations, 2_000])],
    ["the name of another key", `1.2.${body}.${mac}`],
    ["another version", `2.1.${body}.${mac}`],
    ["a signature that is cut", text.slice(0, -1)],
    ["a signature in another spelling", text.slice(0, -1) + String.fromCharCode(text.charCodeAt(text.length - 1) + 1)],
    ["something behind it", `${text}A`],
    ["no text", ""],
    ["a text that is too long", `1.1.${"A".repeat(5_000)}.${mac}`],
  ])("with %s is none", (_, other) => expect(openLink([key(1), { ...key(2) }], other)).toBeUndefined());

  it("is none to whoever has another key", () => {
    expect(openLink([key(2)], text)).toBeUndefined();
    expect(openLink([{ id: 1, secret: Buffer.alloc(32, 9) }], text)).toBeUndefined();
    expect(linkKeyId("1.x.y.z")).toBeUndefined();
  });
});
