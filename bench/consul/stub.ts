import { createServer, type IncomingMessage } from "node:http";

/**
 * In Consul's place where its own cost is not what is measured: keeps nodes, services and checks in memory, with an
 * index each, and runs the operations of `/v1/txn` that Rollcall and the baseline send. A process of its own; tells its
 * port in its first line.
 */
type Entry = Record<string, unknown> & { readonly Node: string; readonly ModifyIndex?: number };
interface Operation {
  readonly Node?: { readonly Verb: string; readonly Node: Entry };
  readonly Service?: { readonly Verb: string; readonly Node: string; readonly Service: Entry };
  readonly Check?: { readonly Verb: string; readonly Check: Entry };
}

const nodes = new Map<string, Entry>();
const services = new Map<string, Entry>();
const checks = new Map<string, Entry>();
let index = 1;

function apply(operation: Operation): { readonly result?: object; readonly error?: string } {
  const { Node, Service, Check } = operation;
  if (Node) return write("Node", nodes, Node.Node.Node, Node.Verb, Node.Node);
  if (Service)
    return write("Service", services, String(Service.Service["ID"]), Service.Verb, {
      ...Service.Service,
      Node: Service.Node,
    });
  if (Check)
    return write("Check", checks, `${Check.Check.Node}/${String(Check.Check["CheckID"])}`, Check.Verb, Check.Check);
  return { error: "no such operation" };
}

function write(
  kind: string,
  table: Map<string, Entry>,
  key: string,
  verb: string,
  given: Entry,
): ReturnType<typeof apply> {
  const held = table.get(key);
  if (verb === "get") return held ? { result: { [kind]: held } } : { error: `${kind} ${key} doesn't exist` };
  if (verb !== "set" && (given.ModifyIndex ?? 0) !== (held?.ModifyIndex ?? 0)) return { error: "index is stale" };
  if (verb === "delete-cas") {
    table.delete(key);
    return { result: {} };
  }
  // A guard that changes nothing leaves its index, as the real one does.
  const isSame =
    held !== undefined && kind === "Node" && JSON.stringify(held["Meta"]) === JSON.stringify(given["Meta"]);
  const entry = isSame ? held : { ...given, ModifyIndex: ++index };
  table.set(key, entry);
  return { result: { [kind]: entry } };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}

function answer(path: string, body: string): { readonly status: number; readonly body: unknown } {
  if (path === "/v1/status/leader") return { status: 200, body: "127.0.0.1:8300" };
  if (path === "/v1/agent/self") return { status: 200, body: { Config: { Version: "stub" } } };
  if (path.startsWith("/v1/health/node/")) return { status: 200, body: [...checks.values()] };
  if (path.startsWith("/v1/catalog/node/"))
    return { status: 200, body: catalogNode(decodeURIComponent(path.slice(17))) };
  if (path !== "/v1/txn") return { status: 200, body: true };
  const ends = (JSON.parse(body) as Operation[]).map(apply);
  const Errors = ends.flatMap(({ error }, OpIndex) => (error === undefined ? [] : [{ OpIndex, What: error }]));
  return Errors.length > 0
    ? { status: 409, body: { Errors } }
    : { status: 200, body: { Results: ends.map(({ result }) => result) } };
}

function catalogNode(name: string): unknown {
  const Node = nodes.get(name);
  if (!Node) return null;
  return { Node, Services: Object.fromEntries([...services].filter(([, service]) => service.Node === name)) };
}

const server = createServer((request, response) => {
  void bodyOf(request).then((body) => {
    const { status, body: said } = answer((request.url ?? "").split("?")[0] ?? "", body);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(said));
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as { port: number }).port}\n`));
