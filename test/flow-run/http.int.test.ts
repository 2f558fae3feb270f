import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { flow, script, type ServedNode, servedNode } from "./served-node.ts";

/** Reads a line of stdin at a time. */
const LINES = `const lines = require("node:readline").createInterface({ input: process.stdin });
const say = (line) => process.stdout.write(JSON.stringify(line) + "\\n");`;

const FLOWS = [
  flow("echo", script(`${LINES} lines.once("line", (line) => say({ result: JSON.parse(line).inputs }));`), {
    inputs: { greeting: "hello" },
  }),
  flow(
    "steps",
    script(
      `for (const line of [{ progress: 0.5 }, { log: "half" }, { progress: 1 }]) console.log(JSON.stringify(line));`,
    ),
  ),
  flow("fails", script(`process.stderr.write("no such table\\n"); process.exitCode = 3;`)),
  flow(
    "asks",
    script(`${LINES}
    lines.on("line", (line) => {
      const { answer } = JSON.parse(line);
      if (answer) (say({ result: answer.result }), process.exit(0));
    });
    say({ lock: { lid: "approve", question: "may it go on?" } });`),
  ),
  flow("sleeps", script(`${LINES} say({ progress: "asleep" }); setInterval(() => {}, 1000);`)),
  flow("in-vain", undefined),
];

let node: ServedNode;
let left = 0;
beforeAll(async () => {
  node = await servedNode(FLOWS, { onLeave: () => left++ });
});
afterAll(() => node.close());

describe("a node", () => {
  it("lists its flows, and itself", async () => {
    const { body } = await node.ask("GET", "/flows");
    expect(body.nodes).toMatchObject([{ node: "test.example", alive: true }]);
    expect(body.nodes[0].flows.map(({ path }: { path: string }) => path)).toEqual(FLOWS.map((each) => each.flow.path));
    const nodes = (await node.ask("GET", "/nodes")).body.nodes;
    expect(nodes).toHaveLength(1);
    expect(nodes[0].flows).toEqual(body.nodes[0].flows);
  });

  it("says how it is", async () => {
    expect(await node.ask("GET", "/state")).toMatchObject({
      status: 200,
      body: { status: "healthy", service: "flow-node", node: "test.example", flows: FLOWS.length, registries: [] },
    });
  });

  it("leaves when it is told to, after its answer", async () => {
    expect((await node.ask("POST", "/shutdown")).status).toBe(202);
    await expect.poll(() => left).toBe(1);
  });
});

describe("a launch", () => {
  it("runs the flow with its inputs, by path or by name", async () => {
    const fid = await node.launch("echo", { who: "ann" });
    expect(await node.until(fid, "done", "error")).toMatchObject({
      ...{ fid, path: "echo", name: "Name of echo", state: "done", error: null, acknowledged: null, from: null },
      ...{ result: { greeting: "hello", who: "ann" }, inputs: { greeting: "hello", who: "ann" } },
    });
    const byName = await node.ask("POST", "/flow", { name: "Name of echo" });
    expect(byName.status).toBe(201);
    expect((await node.until(byName.body.fid, "done")).result).toEqual({ greeting: "hello" });
  });

  it("of no flow is 404, of one without means 409, of a wrong body 400 with a pointer", async () => {
    expect(await node.ask("POST", "/flow", { path: "none" })).toMatchObject({
      status: 404,
      body: { code: "FLOW_NOT_FOUND" },
    });
    expect(await node.ask("POST", "/flow", { path: "in-vain" })).toMatchObject({
      status: 409,
      body: { code: "FLOW_NOT_RUNNABLE" },
    });
    const wrong = await node.ask("POST", "/flow", { path: "echo", inputs: 7 });
    expect(wrong).toMatchObject({ status: 400, body: { errors: [{ pointer: "/inputs" }] } });
    expect((await node.ask("POST", "/flow", {})).status).toBe(400);
  });

  it("with an Idempotency-Key is one run", async () => {
    const key = { "idempotency-key": "once" };
    const both = [1, 2].map(() => node.ask("POST", "/flow", { path: "echo" }, key));
    const [one, two] = await Promise.all(both);
    expect([one?.status, two?.status]).toEqual([201, 201]);
    expect(one?.body).toEqual(two?.body);
  });
});

describe("a run", () => {
  it("tells of its progress, and that its program failed and why", async () => {
    expect(await node.until(await node.launch("steps"), "done")).toMatchObject({ progress: 1, result: null });
    const failed = await node.until(await node.launch("fails"), "error");
    expect(failed.error).toEqual({ code: "exit", message: "exit code 3: no such table" });
  });

  it("waits for a person, whose answer ends the wait", async () => {
    const fid = await node.launch("asks");
    const locked = await node.until(fid, "locked");
    expect(locked.locks).toMatchObject([{ lid: "approve", question: "may it go on?" }]);
    expect((await node.ask("GET", `/${fid}/lock`)).body).toEqual({ fid, state: "locked", locks: locked.locks });
    const answers = [1, 2].map((result) => node.ask("PUT", `/${fid}/lock`, { lid: "approve", result }));
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([200, 409]);
    expect((await node.until(fid, "done")).result).toBe(statuses[0] === 200 ? 1 : 2);
  });

  it("keeps an answer that comes before its question", async () => {
    const fid = await node.launch("asks");
    expect((await node.ask("PUT", `/${fid}/lock`, { lid: "approve", result: "early" })).status).toBe(200);
    expect((await node.until(fid, "done", "error")).result).toBe("early");
  });

  it("that is killed has failed so, and takes nothing but what ends it", async () => {
    const fid = await node.launch("sleeps");
    expect(await node.ask("PUT", `/${fid}/ack`)).toMatchObject({
      status: 409,
      body: { code: "WRONG_STATE", details: { state: "pending" } },
    });
    for (const action of ["restart", "delete"]) expect((await node.ask("PUT", `/${fid}/${action}`)).status).toBe(409);
    expect((await node.ask("PUT", `/${fid}/kill`)).body).toMatchObject({
      state: "error",
      error: { code: "killed", message: "killed by anonymous" },
    });
    expect(await node.ask("PUT", `/${fid}/kill`)).toMatchObject({ status: 409, body: { details: { state: "error" } } });
    await expect.poll(() => node.runner.count).toBe(0);
  });

  it("that has ended is acknowledged, repeated and deleted", async () => {
    const fid = await node.launch("echo", { who: "bob" });
    await node.until(fid, "done");
    expect((await node.ask("PUT", `/${fid}/ack`)).body.acknowledged.by).toBe("anonymous");
    expect((await node.ask("PUT", `/${fid}/ack`)).status).toBe(200);
    const again = await node.ask("PUT", `/${fid}/restart`);
    expect(again.status).toBe(201);
    expect(again.body.fid).not.toBe(fid);
    expect(await node.until(again.body.fid, "done")).toMatchObject({ from: fid, result: { who: "bob" } });
    expect((await node.ask("PUT", `/${fid}/delete`)).status).toBe(204);
    for (const [method, action] of Object.entries({ GET: "state", PUT: "delete" }))
      expect((await node.ask(method, `/${fid}/${action}`)).status).toBe(404);
    expect((await node.ask("PUT", `/${fid}/restart`)).status).toBe(404);
    const { runs } = (await node.ask("GET", "/flow?pp=200")).body;
    expect(runs.map((run: { fid: string }) => run.fid)).not.toContain(fid);
  });

  it("is 404 where there is none, and 405 by another method", async () => {
    for (const action of ["state", "lock"]) expect((await node.ask("GET", `/nobody/${action}`)).status).toBe(404);
    for (const action of ["kill", "ack", "delete", "restart"])
      expect(await node.ask("PUT", `/nobody/${action}`)).toMatchObject({
        status: 404,
        body: { code: "RUN_NOT_FOUND" },
      });
    expect((await node.ask("PUT", "/nobody/state")).status).toBe(405);
    expect((await node.ask("GET", "/nobody/kill")).status).toBe(405);
    expect((await node.ask("POST", "/nobody/kill")).status).toBe(405);
  });
});

describe("the list of runs", () => {
  it("is in pages, the youngest first, with how many there are", async () => {
    const fid = await node.launch("echo");
    await node.until(fid, "done");
    const { body } = await node.ask("GET", "/flow?pp=1&state=done");
    expect(body).toMatchObject({ runs: [{ fid, state: "done" }], p: 1, pp: 1 });
    const next = (await node.ask("GET", "/flow?pp=1&p=2&state=done")).body;
    expect(next).toMatchObject({ p: 2, total: body.total });
    expect(next.runs[0].fid).not.toBe(fid);
    expect((await node.ask("GET", "/flow?sort=path")).status).toBe(400);
    expect((await node.ask("GET", "/flow?x=1")).status).toBe(400);
  });

  it("loses what was acknowledged, when somebody cleans", async () => {
    const fid = await node.launch("echo");
    await node.until(fid, "done");
    await node.ask("PUT", `/${fid}/ack`);
    const stale = (await node.ask("GET", "/clean")).body.runs;
    expect(stale).toContainEqual(expect.objectContaining({ fid, why: "acknowledged" }));
    const { removed } = (await node.ask("POST", "/clean")).body;
    expect(removed).toContainEqual(expect.objectContaining({ fid }));
    await expect.poll(async () => (await node.ask("GET", "/clean")).body.runs).toEqual([]);
    expect((await node.ask("GET", `/${fid}/state`)).status).toBe(404);
  });
});
