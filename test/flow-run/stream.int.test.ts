import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SseParser } from "../../client/event-stream.ts";
import { FollowedStream } from "../gateway/followed-stream.ts";
import { flow, script, type ServedNode, servedNode } from "./served-node.ts";

const ASKS = `const lines = require("node:readline").createInterface({ input: process.stdin });
const say = (line) => process.stdout.write(JSON.stringify(line) + "\\n");
lines.on("line", (line) => { const { answer } = JSON.parse(line); if (answer) next(answer); });`;
/** A person is asked again and again. */
const MANY = 25;

let node: ServedNode;
beforeAll(async () => {
  node = await servedNode([
    flow(
      "asks",
      script(`${ASKS} say({ progress: "a\\rdata: x\\r\\rid: 9" });
      const next = ({ result }) => { say({ result }); process.exit(0); }; say({ lock: { lid: "a", question: "?" } });`),
    ),
    flow(
      "asks-often",
      script(`${ASKS} let nth = 0; const next = () => ++nth > ${MANY} ? (say({ result: nth - 1 }), process.exit(0))
      : say({ lock: { lid: "l" + nth } }); next();`),
    ),
  ]);
});
afterAll(() => node.close());

const open = (path: string, headers: Record<string, string> = {}): Promise<FollowedStream> =>
  FollowedStream.open((signal) => fetch(path.startsWith("http") ? path : node.hostUrl + path, { headers, signal }));

describe("the stream of a run", () => {
  it("begins with its first event, however late it is asked for, and goes on behind any of them", async () => {
    const fid = await node.launch("asks");
    await node.until(fid, "locked");
    const other = await node.launch("asks");
    const stream = await open(`/${fid}/stream`);
    await expect.poll(() => stream.types).toContain("RunLocked");
    await node.ask("PUT", `/${fid}/lock`, { lid: "a", result: 1 });
    await expect.poll(() => stream.types).toContain("RunDone");
    expect(stream.types[0]).toBe("RunLaunched");
    expect(new Set(stream.entityIds)).toEqual(new Set([fid]));
    const { frames } = stream;
    for (const at of [0, Math.floor(frames.length / 2)]) {
      const again = await open(`/${fid}/stream`, { "last-event-id": frames[at]?.id ?? "" });
      await expect.poll(() => again.types).toContain("RunDone");
      expect(again.frames.map(({ data }) => data["envelope_id"])).toEqual(
        frames.slice(at + 1).map(({ data }) => data["envelope_id"]),
      );
      again.close();
    }
    const progressed = frames.find(({ data }) => data["payload_type"] === "RunProgressed");
    expect(progressed?.data["payload"]).toMatchObject({ progress: "a\rdata: x\r\rid: 9" });
    stream.close();
    await node.ask("PUT", `/${other}/kill`);
  });

  it("of nobody is 404, and another method 405", async () => {
    expect((await node.ask("GET", "/nobody/stream")).status).toBe(404);
    expect((await node.ask("PUT", "/nobody/stream")).status).toBe(405);
  });

  it("can be answered at once: an answer in the moment of its question counts", async () => {
    const fid = await node.launch("asks-often");
    const response = await fetch(`${node.hostUrl}/${fid}/stream`);
    const answers: Promise<number>[] = [];
    const parser = new SseParser((_, data) => {
      if (data === "") return;
      const { payload_type: type, payload } = JSON.parse(data) as { payload_type: string; payload: { lid: string } };
      if (type !== "RunLocked") return;
      const asked = node.ask("PUT", `/${fid}/lock`, { lid: payload.lid, result: payload.lid });
      answers.push(asked.then(({ status }) => status));
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    while (answers.length < MANY) {
      const { value, done } = (await reader?.read()) ?? { done: true };
      if (done) break;
      parser.push(value ?? "");
    }
    await reader?.cancel();
    expect(await Promise.all(answers)).toEqual(answers.map(() => 200));
    expect((await node.until(fid, "done", "error")).result).toBe(MANY);
  });
});

describe("a shared link", () => {
  it("opens state and stream of its run, for whoever has it, and nothing else", async () => {
    const fid = await node.launch("asks");
    const other = await node.launch("asks");
    const shared = await node.ask("PUT", `/${fid}/share`, { expires_in: "2h" });
    expect(shared.status).toBe(201);
    const link = new URL(shared.body.url, node.hostUrl);
    expect(link.pathname).toBe(`/${fid}/state`);
    expect((await fetch(link)).status).toBe(200);
    const stream = await open(`/${fid}/stream${link.search}`);
    await expect.poll(() => stream.types).toContain("RunLaunched");
    stream.close();
    for (const path of [`/${other}/state`, `/${fid}/lock`, "/flow", "/flows"])
      expect((await node.ask("GET", path + link.search)).status, path).toBeGreaterThanOrEqual(400);
    expect((await node.ask("PUT", `/${fid}/share`, { expires_in: "31d" })).status).toBe(400);
    expect((await node.ask("PUT", "/nobody/share")).status).toBe(404);
    for (const run of [fid, other]) await node.ask("PUT", `/${run}/kill`);
  });
});
