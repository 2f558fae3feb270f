import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { httpTransport } from "../../client/http-transport.ts";
import { RollcallNode } from "../../client/rollcall-node.ts";
import { HttpBench } from "../app/registration/http-bench.ts";
import { GuardedSystem, ROLLCALL_API_TOKENS, TOKENS } from "./guarded-system.ts";
import { rollcall } from "./rollcall.ts";

let system: GuardedSystem<HttpBench>;
let url: string;
const folder = mkdtempSync(join(tmpdir(), "rollcall-token-"));
beforeAll(async () => {
  system = new GuardedSystem(await HttpBench.open());
  ({ url } = await system.served({ ROLLCALL_API_TOKENS }));
  await system.bench.activeNode("sent-1");
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await system.close();
});

describe("a command", () => {
  const ask = (command: string, environment: Record<string, string>) =>
    rollcall(command, { ROLLCALL_URL: url, ...environment });

  it.each(["nodes list", "explain sent-1", "dlq list", "doctor --json", "nodes show sent-1"])(
    "sends ROLLCALL_TOKEN, or reports that a token is needed: %s",
    async (command) => {
      const { code, out, err } = await ask(command, {});
      expect([code, out + err]).toEqual([1, expect.stringContaining("Authorization: Bearer")]);
      const sent = await ask(command, { ROLLCALL_TOKEN: TOKENS.reader });
      expect([sent.code, sent.err]).toEqual([0, ""]);
    },
  );

  it("reads it from a file", async () => {
    const file = join(folder, "token");
    writeFileSync(file, `${TOKENS.reader}\n`);
    expect((await ask("nodes list", { ROLLCALL_TOKEN_FILE: file })).out).toContain("sent-1");
    expect(await ask("nodes list", { ROLLCALL_TOKEN_FILE: join(folder, "none") })).toMatchObject({
      code: 1,
      err: expect.stringMatching(/ROLLCALL_TOKEN_FILE: can't read the file \(ENOENT\)/),
    });
    expect((await ask("nodes list", { ROLLCALL_TOKEN: "a b" })).err).toMatch(
      /^rollcall: ROLLCALL_TOKEN has characters/,
    );
  });

  it("reports what its token may not do", async () => {
    const id = "0198c0de-0000-7000-8000-000000000000";
    const { code, out } = await ask(`dlq drop ${id}`, { ROLLCALL_TOKEN: TOKENS.reader });
    expect([code, out]).toEqual([1, expect.stringContaining("it requires operator")]);
  });
});

describe("a node", () => {
  const nodeWith = (token: string | undefined, nodeId: string) => {
    const transport = httpTransport({ url, token });
    return { transport, node: new RollcallNode({ transport, nodeId, nodeType: "effect" }) };
  };

  it("becomes ACTIVE with its own token", async () => {
    const { node, transport } = nodeWith(TOKENS.prefix, "edge-5");
    const active = new Promise((resolve) => node.on("active", resolve));
    await node.start();
    await active;
    await node.close();
    await transport.close();
  });

  it("learns at once that its token is refused, and can start with another", async () => {
    for (const token of [undefined, "no-such-token-0123456789abcdef"]) {
      const { node, transport } = nodeWith(token, "edge-6");
      for (const _ of [1, 2])
        await expect(node.start()).rejects.toMatchObject({ code: "TRANSPORT_REFUSED", retryable: false });
      await transport.close();
    }
  });

  it("learns that its token is another node's", async () => {
    const { node, transport } = nodeWith(TOKENS.node, "edge-7");
    const trouble = new Promise((resolve) => node.on("deliveryFailed", resolve));
    await node.start();
    expect(await trouble).toMatchObject({
      code: "TRANSPORT_REFUSED",
      message: expect.stringContaining("may not act for edge-7"),
    });
    await node.close({ goodbye: false });
    await transport.close();
  });
});
