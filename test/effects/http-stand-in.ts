import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Exchange {
  readonly request: IncomingMessage;
  readonly body: string;
  readonly response: ServerResponse;
}
export type Behaviour = (exchange: Exchange) => void | Promise<void>;

/** A server on a real socket, instead of Consul or as a proxy to it, whose behaviour a test can change at any time. */
export interface HttpStandIn {
  readonly address: string;
  behaviour: Behaviour;
  close(): Promise<void>;
}

export async function standIn(behaviour: Behaviour): Promise<HttpStandIn> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    // Some tests are about clients that disconnect during a request.
    request.on("error", () => {});
    response.on("error", () => {});
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", async () => {
      try {
        await handle.behaviour({ request, response, body: Buffer.concat(chunks).toString("utf8") });
      } catch {
        // The server behind the proxy does not answer: the client's connection breaks too.
        response.destroy();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const handle: HttpStandIn = {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    behaviour,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return handle;
}

export const answer =
  (status: number, body: string, contentType = "text/plain"): Behaviour =>
  ({ response }) =>
    void response.writeHead(status, { "Content-Type": contentType }).end(body);

export const answerJson = (status: number, json: unknown): Behaviour =>
  answer(status, JSON.stringify(json), "application/json");

/** Answers as Consul's transactions when the node exists and is ours. Nothing is refused and nothing is stored. */
export function agreeable(owner: string, refuse: (body: string) => Behaviour | undefined = () => undefined): Behaviour {
  const node = { Node: "n", Address: "a", Meta: { rollcall_owner: owner }, ModifyIndex: 7 };
  return (exchange) => {
    const writesServices = exchange.body.includes('"Service"');
    const refusal = writesServices ? refuse(exchange.body) : undefined;
    return (refusal ?? answerJson(200, { Results: [{ Node: node }], Errors: null }))(exchange);
  };
}

/** Forwards the request to `target` and returns the answer. */
export async function forward(target: string, { request, body }: Exchange): Promise<{ status: number; text: string }> {
  const method = request.method ?? "GET";
  const response = await fetch(target + (request.url ?? ""), { method, ...(body !== "" && { body }) });
  return { status: response.status, text: await response.text() };
}
