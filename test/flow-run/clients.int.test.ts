import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { FlowRunsClient, type RunEvent } from "../../client/flow-runs-client.ts";
import { pythonWithPackage, run } from "../node-registry/python.ts";
import { ROOT } from "../tidy/sources.ts";
import { cuttingProxy } from "./cutting-proxy.ts";
import { flow, script, type ServedNode, servedNode } from "./served-node.ts";

const ASKS = script(`
  const say = (line) => console.log(JSON.stringify(line));
  say({ progress: 0.5 });
  say({ lock: { lid: "approve", question: "may it go on?" } });
  require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
    const { answer } = JSON.parse(line);
    if (answer) (say({ result: answer.result }), process.exit(0));
  });`);
const STORY = ["RunLaunched", "RunStarted", "RunProgressed", "RunLocked", "LockAnswered", "RunResumed", "RunDone"];

let node: ServedNode;
let proxy: Awaited<ReturnType<typeof cuttingProxy>>;
beforeAll(async () => void (node = await servedNode([flow("asks", ASKS)])));
afterAll(() => node.close());
beforeEach(async () => {
  proxy = await cuttingProxy(node.hostUrl);
  return () => proxy.close();
});

describe("a client of a flow node, whose answers are lost and whose streams are cut", () => {
  it("launches once, and is told each event once", async () => {
    const client = new FlowRunsClient(proxy.url);
    const before = (await client.runs({ path: "asks" })).total;
    const fid = await client.launch({ path: "asks" }, { who: "ann" });
    const told: RunEvent[] = [];
    const ended = await client.follow(fid, (event) => {
      told.push(event);
      if (event.type === "RunLocked") void client.answer(fid, String(event.payload["lid"]), "yes");
    });
    expect(told.map(({ type }) => type)).toEqual(STORY);
    expect(ended).toMatchObject({ fid, state: "done", result: "yes", inputs: { who: "ann" } });
    expect((await client.runs({ path: "asks" })).total).toBe(before + 1);
    expect(proxy.cursors[0]).toBeUndefined();
    expect(new Set(proxy.cursors).size).toBe(proxy.cursors.length);
    expect(proxy.cursors.length).toBeGreaterThan(3);

    expect((await client.acknowledge(fid)).acknowledged).toBeTruthy();
    const again = await client.restart(fid);
    expect(await client.kill(again)).toMatchObject({ from: fid, state: "error", error: { code: "killed" } });
    await expect(client.kill(again)).rejects.toMatchObject({ code: "SERVER_REFUSED", retryable: false });
    await client.delete(fid);
    await expect(client.follow(fid)).rejects.toMatchObject({ code: "SERVER_REFUSED" });
  });

  it("waits no longer than it is told", async () => {
    const client = new FlowRunsClient(proxy.url);
    const fid = await client.launch({ name: "Name of asks" });
    const following = client.follow(fid, () => {}, AbortSignal.timeout(300));
    await expect(following).rejects.toMatchObject({ name: "TimeoutError" });
    await client.kill(fid);
  });

  const found = pythonWithPackage();
  it.skipIf("missing" in found)("does the same in Python", async () => {
    if ("missing" in found) return;
    const { code, stdout, stderr } = await run(found.python, [
      ...[join(ROOT, "test/flow-run/python/run_flow.py"), proxy.url],
    ]);
    expect([code, stderr]).toEqual([0, ""]);
    const { breaks, ...told } = JSON.parse(stdout) as { readonly breaks: number };
    expect(told).toEqual({
      ...{ told: STORY, run: ["done", "yes"], total: expect.any(Number), acknowledged: true },
      ...{ again: [true, "killed"], refused: 409 },
    });
    expect(breaks).toBeGreaterThan(2);
  });
});
