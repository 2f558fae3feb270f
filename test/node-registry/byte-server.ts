import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}
/** The very bytes of an answer, after which the connection is closed; undefined: it is closed at once. */
export type Answer = string | Buffer | undefined;

export const NODE = {
  node_id: "n1",
  hostname: "gpu-1",
  ip: "10.0.0.7",
  role: "inference-node",
  labels: ["gpu"],
  status: "online",
  last_heartbeat: null,
  metadata: {},
  created_at: "2026-01-01T00:00:00.000Z",
  updated_at: "2026-01-01T00:00:00.000Z",
};

export function json(body: unknown, status = "200 OK", headers: readonly string[] = []): string {
  const text = JSON.stringify(body);
  const head = [`HTTP/1.1 ${status}`, "content-type: application/json", `content-length: ${Buffer.byteLength(text)}`];
  return [...head, "connection: close", ...headers, "", text].join("\r\n");
}
export const GOOD = json([NODE]);

const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const CHUNKED = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
const page = (status: string): string =>
  `HTTP/1.1 ${status}\r\ncontent-type: text/html\r\ncontent-length: 13\r\n\r\n<html></html>`;

/** What stands between a client and a registry, or a registry in trouble, may send instead of a list. */
export const NO_LISTS: Readonly<Record<string, Answer>> = {
  nothing: undefined,
  "a body that is shorter than it says": GOOD.replace(/content-length: \d+/, "content-length: 9999"),
  "a chunked body without its end": `${CHUNKED}${chunk(`[${JSON.stringify(NODE)}]`)}`,
  "a chunked body that is cut in the middle": `${CHUNKED}${chunk(`[${JSON.stringify(NODE)},`)}0\r\n\r\n`,
  "half a list that looks whole": json(`[${JSON.stringify(NODE)}`).replace('"[', "["),
  "an empty body": "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 0\r\n\r\n",
  "a page": page("200 OK"),
  "a page that says that something is away": page("503 Service Unavailable"),
  "JSON without its media type": GOOD.replace("application/json", "text/plain"),
  "a redirect elsewhere": "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/login\r\ncontent-length: 0\r\n\r\n",
  "an object": json({ nodes: [NODE] }),
  "a list of something else": json([{ id: 1 }]),
  "a node without its labels": json([{ ...NODE, labels: "gpu" }]),
  "bytes that are no UTF-8": Buffer.from(json([{ ...NODE, hostname: "gpu-\u00e9" }]), "latin1"),
  "an error": json({ title: "broken" }, "500 Internal Server Error"),
  "a list with the status of an error": json([NODE], "500 Internal Server Error"),
  "not ready": json({ title: "not ready" }, "503 Service Unavailable"),
};

/** A server on loopback that sends exactly what it is told to. */
export async function byteServer(answer: (asked: Asked, number: number) => Answer | Promise<Answer>) {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const { method = "", url: path = "", headers, socket } = request;
      const each = { method, path, headers, body: Buffer.concat(parts).toString() };
      asked.push(each);
      const bytes = await answer(each, asked.length);
      response.detachSocket(socket);
      if (bytes === undefined) socket.destroy();
      else socket.end(bytes);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
