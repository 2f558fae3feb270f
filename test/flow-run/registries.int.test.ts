import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { byteServer, json } from "../node-registry/byte-server.ts";
import { flow, servedNode } from "./served-node.ts";

const LISTED = { name: "test.example", flows: ["p"], rejected: [], warnings: [], lease: { ttl_seconds: 3 } };
const PAGE = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>";

describe("the registries of a node", () => {
  it("are each told of its flows, hear its beats and its goodbye, whatever becomes of the others", async () => {
    const good = await byteServer(() => json(LISTED));
    const refusing = await byteServer(() => json({ detail: "not registered" }, "403 Forbidden"));
    const strange = await byteServer(() => PAGE);
    const tokenFile = join(mkdtempSync(join(tmpdir(), "rollcall-token-")), "token");
    writeFileSync(tokenFile, "token-of-the-registry\n");
    const registries = [
      { url: `${good.url}/below/a/path/`, tokenFile },
      { url: refusing.url, tokenFile: undefined },
      { url: strange.url, tokenFile: undefined },
    ];
    const node = await servedNode([flow("p", undefined)], { registries });
    try {
      const states = async () => {
        const { body } = await node.ask("GET", "/state");
        return body.registries.map(({ state }: { state: string }) => state);
      };
      await expect.poll(states).toEqual(["connected", "refused", "away"]);
      await expect.poll(() => good.asked.length).toBeGreaterThan(1);
    } finally {
      await node.close();
    }
    expect(good.asked[0]).toMatchObject({ method: "POST", path: "/below/a/path/connect" });
    expect(good.asked[0]?.headers.authorization).toBe("Bearer token-of-the-registry");
    expect(JSON.parse(good.asked[0]?.body ?? "")).toMatchObject({
      node: "test.example",
      flows: [{ path: "p", release: "1" }],
    });
    expect(good.asked[1]).toMatchObject({ method: "PUT", path: "/below/a/path/state" });
    expect(good.asked.at(-1)).toMatchObject({ method: "POST", path: "/below/a/path/disconnect" });
    expect(refusing.asked).toHaveLength(1);
    for (const server of [good, refusing, strange]) await server.close();
  });
});
