import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { NodeRegistryClient } from "../../../client/node-registry-client.ts";
import { type NodeFilter, type NodeList } from "../../../client/node-registry-client.ts";

/** Finds nodes for work. It has nothing of its own but the last lists of the registry. */
export class RouterApp {
  readonly #client: NodeRegistryClient;

  constructor(client: NodeRegistryClient) {
    this.#client = client;
  }

  /** Nodes that work can be given to. */
  getAvailableNodes(filter: NodeFilter = {}): Promise<NodeList> {
    return this.#client.getAvailableNodes(filter);
  }

  /** All nodes that fit, of whatever status. */
  getNodes(filter: NodeFilter = {}): Promise<NodeList> {
    return this.#client.getNodes(filter);
  }
}

const PARAMETERS = new Set(["role", "label", "status"]);

async function answer(app: RouterApp, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://router");
  if (request.method !== "GET" && request.method !== "HEAD")
    return send(response, 405, { title: "only GET" }, { allow: "GET, HEAD" });
  if (pathname === "/health") return send(response, 200, { status: "healthy", service: "router" });
  if (pathname !== "/nodes") return send(response, 404, { title: "there is /nodes and /health" });
  const unknown = [...searchParams.keys()].find((name) => !PARAMETERS.has(name));
  if (unknown !== undefined)
    return send(response, 400, { title: `unknown parameter ${unknown}: role, label and status are known` });
  const role = searchParams.get("role") ?? undefined;
  const status = searchParams.get("status") ?? undefined;
  const label = searchParams.getAll("label");
  const nodes = await app.getNodes({ role, status, ...(label.length > 0 && { label }) });
  send(response, 200, nodes, staleness(nodes));
}

const WHY_LENGTH_MAX = 300;

/** That a list is an earlier one, or none, of what time, and why. */
function staleness({ stale, since, why = "" }: NodeList): Readonly<Record<string, string>> {
  if (!stale) return {};
  // What the registry has answered is a part of it.
  const text = why.replace(/[^\x20-\x7e]+/g, " ").slice(0, WHY_LENGTH_MAX);
  return { "x-stale": "true", "x-stale-why": text, ...(since && { "x-stale-since": since.toISOString() }) };
}

function send(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

/** @returns its server, and its URL */
export async function serveRouter(
  app: RouterApp,
  at: { readonly host: string; readonly port: number },
): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((request, response) => {
    answer(app, request, response).catch((error: unknown) => {
      if (!response.headersSent) send(response, 500, { title: String(error) });
      else response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(at.port, at.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return { server, url: `http://${at.host.includes(":") ? `[${at.host}]` : at.host}:${port}` };
}
