import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { askNode } from "../../app/modules/flow-node/asking/ask-node.ts";
import type { NodeBody } from "../../app/modules/flow-node/bodies.ts";
import { flowNodes } from "../../app/modules/flow-node/module.ts";
import { copyContracts } from "../blackbox/contracts-copy.ts";
import { ROOT } from "../tidy/sources.ts";
import { servedFlowRegistry } from "./served-flow-registry.ts";

const servers: Server[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close().closeAllConnections()));

/** A node at this machine. @returns its name */
async function nodeThat(answers: RequestListener): Promise<string> {
  const server = createServer(answers);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const json =
  (body: string, status = 200): RequestListener =>
  (_request, response) =>
    void response.writeHead(status, { "content-type": "application/json; charset=utf-8" }).end(body);
const never = new AbortController().signal;
const ask = (node: string, addresses = { isAllowed: (address: string): boolean => address === "127.0.0.1" }) =>
  askNode(node, addresses, never);
const askOneThat = async (answers: RequestListener) => ask(await nodeThat(answers));

describe("what a node answers", () => {
  it("counts when it is 200 with JSON; what is told is an object's", async () => {
    expect(await askOneThat(json('{"usage": 0.5}'))).toEqual({ result: "answered", told: { usage: 0.5 } });
    for (const body of ["[]", "null", '"ok"']) expect(await askOneThat(json(body))).toEqual({ result: "answered" });
    const most = `{"t":"${"x".repeat(16_376)}"}`;
    expect(await askOneThat(json(most))).toMatchObject({ result: "answered" });
    expect(await askOneThat(json(`${most} `))).toEqual({ result: "too_large" });
  });

  it("is none when it is something else", async () => {
    const html: RequestListener = (_request, response) =>
      void response.writeHead(200, { "content-type": "text/html" }).end("<html>{}</html>");
    expect(await askOneThat(html)).toEqual({ result: "no_json" });
    for (const lie of ["", "<html>", "{", "{}{}"]) expect(await askOneThat(json(lie))).toEqual({ result: "no_json" });
    for (const status of [201, 204, 404, 500])
      expect(await askOneThat(json("{}", status))).toEqual({ result: "refused" });
    expect(await askOneThat((_request, response) => void response.writeHead(200).end("{}"))).toEqual({
      result: "no_json",
    });
  });

  it("is read to 16 KiB and no further, whatever length it says it has", async () => {
    let sent = 0;
    const endless: RequestListener = (_request, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": String(2 ** 30) });
      const piece = Buffer.alloc(65_536, " ");
      const write = (): void => {
        while (!response.destroyed && sent < 2 ** 30) {
          sent += piece.length;
          if (!response.write(piece)) return void response.once("drain", write);
        }
      };
      write();
    };
    expect(await askOneThat(endless)).toEqual({ result: "too_large" });
    expect(sent).toBeLessThan(2 ** 26);
  });

  it("is not waited for: neither for the first byte, nor for one after another", async () => {
    const silent = askOneThat(() => {});
    const dripping = askOneThat((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const timer = setInterval(() => response.write(" "), 100);
      response.on("close", () => clearInterval(timer));
    });
    const unresolved = askNode("a.name", { isAllowed: () => true, resolve: () => new Promise(() => {}) }, never);
    expect(await Promise.all([silent, dripping, unresolved])).toEqual(Array(3).fill({ result: "timeout" }));
  });

  it("breaks off without harm", async () => {
    expect(await askOneThat((request) => void request.socket.destroy())).toEqual({ result: "unreachable" });
    const half: RequestListener = (request, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": "100" }).write("{");
      setTimeout(() => request.socket.resetAndDestroy(), 20);
    };
    expect(await askOneThat(half)).toEqual({ result: "unreachable" });
    const node = await nodeThat(json("{}"));
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect(await ask(node)).toEqual({ result: "unreachable" });
    expect(await ask("127.0.0.1:99999")).toEqual({ result: "unreachable" });
  });
});

describe("a node's name", () => {
  it("is asked at the very address that it meant when it was looked up, and by its name", async () => {
    const heard: (string | undefined)[] = [];
    const node = await nodeThat((request, response) => {
      heard.push(`${request.method} ${request.url} ${request.headers.host}`);
      json("{}")(request, response);
    });
    const name = node.replace("127.0.0.1", "flows.example.com");
    const answers = [["8.8.8.8", "127.0.0.1"], ["169.254.169.254"]];
    const resolve = (): Promise<readonly string[]> => Promise.resolve(answers.shift() ?? []);
    const isAllowed = (address: string): boolean => address === "127.0.0.1";
    expect(await askNode(name, { isAllowed, resolve }, never)).toMatchObject({ result: "answered" });
    expect(heard).toEqual([`GET /state ${name}`]);
    expect(await askNode(name, { isAllowed, resolve }, never)).toEqual({ result: "forbidden" });
    expect(await askNode(name, { isAllowed, resolve: () => Promise.reject(new Error("no name")) }, never)).toEqual({
      result: "unresolved",
    });
    expect(heard).toHaveLength(1);
  });

  it("is looked up by this machine, a few names at a time", async () => {
    const node = (await nodeThat(json("{}"))).replace("127.0.0.1", "localhost");
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(node)));
    expect(answers).toEqual(Array(8).fill({ result: "answered", told: {} }));
  });

  it("leads nowhere else: no redirect is followed", async () => {
    let heard = 0;
    const target = await nodeThat((request, response) => {
      heard++;
      json("{}")(request, response);
    });
    const redirect: RequestListener = (_request, response) =>
      void response
        .writeHead(302, { location: `http://${target}/state`, "content-type": "application/json" })
        .end("{}");
    expect(await askOneThat(redirect)).toEqual({ result: "refused" });
    expect(await ask(target, { isAllowed: () => false })).toEqual({ result: "forbidden" });
    expect(heard).toBe(0);
  });
});

describe("a registry that asks", () => {
  const contracts = copyContracts(`${ROOT}/contracts/flow-node`, [
    ["orchestrator", "after: { longer_than: 300s }", "after: { longer_than: 3s }"],
    ["orchestrator", "renewed_for: { longer_than: 300s }", "renewed_for: { longer_than: 3s }"],
  ]);
  afterAll(() => contracts.remove());
  const quick = {
    ...flowNodes,
    domains: flowNodes.domains.map((domain) => ({ ...domain, contracts: pathToFileURL(`${contracts.dir}/`) })),
  };

  it("keeps a node alive that never beats but answers, and lets it come back when it answers again", async () => {
    const registry = await servedFlowRegistry({ module: quick, environment: { FLOW_NODES_ASK_EVERY: "1s" } });
    const at = async (node: string): Promise<NodeBody> =>
      (await registry.ask<{ nodes: readonly NodeBody[] }>("GET", `/nodes?node=${node}`)).body.nodes[0]!;
    const ageOf = ({ online, heartbeat }: NodeBody): number => Date.parse(heartbeat ?? "") - Date.parse(online ?? "");
    try {
      let body = '{"usage": 0.5, "note": "\\u0000"}';
      let isHtml = true;
      const answering = await nodeThat((request, response) => json(body)(request, response));
      const lying = await nodeThat((request, response) =>
        json(isHtml ? "<html>" : '{"node": "another"}')(request, response),
      );
      for (const node of [answering, lying]) {
        await registry.ask("POST", "/register", { node });
        await registry.ask("POST", "/connect", { node, flows: [] });
      }
      // What can't be stored is not told, but it has answered.
      await expect.poll(async () => ageOf(await at(answering))).toBeGreaterThan(0);
      expect((await at(answering)).state).toBeUndefined();
      body = '{"usage": 0.6}';
      await expect.poll(async () => (await at(answering)).state).toEqual({ usage: 0.6 });
      await expect.poll(async () => (await at(lying)).alive).toBe(false);
      await expect.poll(async () => ageOf(await at(answering))).toBeGreaterThan(3_001);
      expect((await at(answering)).alive).toBe(true);
      isHtml = false;
      await expect.poll(async () => (await at(lying)).alive).toBe(true);
      expect((await at(lying)).state).toEqual({ node: "another" });
      const lines = await registry.sql("select 1 from rollcall.dead_letter");
      expect(lines).toEqual([]);
    } finally {
      await registry.close();
    }
  });
});
