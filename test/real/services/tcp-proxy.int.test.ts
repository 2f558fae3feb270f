import { once } from "node:events";
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

const clients: Socket[] = [];
let received: string[];
let target: Server;
let proxy: TcpProxy;

beforeEach(async () => {
  received = [];
  target = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      received.push(chunk.toString());
      socket.write(`re: ${chunk.toString()}`);
    });
  });
  target.listen(0, "127.0.0.1");
  await once(target, "listening");
  proxy = await startTcpProxy((target.address() as AddressInfo).port);
});

afterEach(async () => {
  clients.splice(0).forEach((client) => client.destroy());
  await proxy.close();
  target.close();
});

async function connect(): Promise<Socket> {
  const client = createConnection({ host: "127.0.0.1", port: proxy.port });
  client.on("error", () => {});
  clients.push(client);
  await once(client, "connect");
  return client;
}

async function ask(client: Socket, question: string): Promise<string> {
  client.write(question);
  const answer = (await Promise.race([once(client, "data"), once(client, "close")])) as readonly unknown[];
  return Buffer.isBuffer(answer[0]) ? answer[0].toString() : "closed";
}

describe("the TCP proxy", () => {
  it("forwards both ways", async () => {
    expect(await ask(await connect(), "a")).toBe("re: a");
  });

  it("drops one reply of the given kind, after the target got the request", async () => {
    const swallowed = proxy.swallowNextReply((request) => request.toString() === "b");
    const client = await connect();
    expect(await ask(client, "a")).toBe("re: a");
    expect(await ask(client, "b")).toBe("closed");
    await swallowed;
    expect(received).toEqual(["a", "b"]);
    expect(await ask(await connect(), "b")).toBe("re: b");
  });

  it("breaks connections when cut, and forwards again when restored", async () => {
    const client = await connect();
    proxy.cut();
    expect(await ask(client, "a")).toBe("closed");
    expect(await ask(await connect(), "a")).toBe("closed");
    proxy.restore();
    expect(await ask(await connect(), "b")).toBe("re: b");
    expect(received).toEqual(["b"]);
  });

  it("holds data in one direction, and forwards it in order when released", async () => {
    const client = await connect();
    proxy.hold("to client");
    client.write("a");
    while (received.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    client.write("b");
    proxy.release();
    let heard = "";
    client.on("data", (chunk: Buffer) => (heard += chunk.toString()));
    while (!heard.includes("b")) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(heard.replaceAll("re: ", "")).toBe("ab");
  });

  it("delays both ways and keeps the order", async () => {
    const client = await connect();
    proxy.delay(50);
    const startedAt = performance.now();
    client.write("a");
    proxy.delay(0);
    expect(await ask(client, "b")).toContain("re: a");
    expect(performance.now() - startedAt).toBeGreaterThan(0);
    proxy.delay(50);
    const againAt = performance.now();
    await ask(client, "c");
    expect(performance.now() - againAt).toBeGreaterThan(95);
  });
});
