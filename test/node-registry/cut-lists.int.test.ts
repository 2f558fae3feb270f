import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodeRegistry } from "../../app/modules/node-registry/module.ts";
import { RouterApp, serveRouter } from "../../app/modules/node-registry/router.ts";
import { NodeRegistryClient } from "../../client/node-registry-client.ts";
import { type ServedModule, serveModule } from "../gateway/served-module.ts";
import { ROOT } from "../tidy/sources.ts";
import { breakingProxy } from "./breaking-proxy.ts";
import { pythonWithPackage } from "./python.ts";

const ROWS = 5_000;
const LIST = "/api/v1/nodes?role=worker-node";
/** Fill what client, proxy, server and system hold of a body before it breaks off. */
const NODES = `insert into rollcall_node_registry.nodes_v1
    (node_id, id, hostname, role, labels, status, metadata, details, state_since)
  select 'n-' || lpad(n::text, 5, '0'), n::text, 'h', 'worker-node', '{}', 'online',
         jsonb_build_object('padding', repeat('x', 400)), '{}', now()
    from generate_series(1, ${ROWS}) as n`;
/** What the code that shows the row can't read. */
const BROKEN = `update rollcall_node_registry.nodes_v1 set details = 'null' where node_id = 'n-03000'`;
/** Of curl: the end of the body did not come; the connection was reset. */
const BROKEN_OFF = [18, 56];

const found = pythonWithPackage();
const python = "python" in found ? found.python : "";
const folder = mkdtempSync(join(tmpdir(), "cut-lists-"));
const cuts: { readonly route: string; readonly requestId: string }[] = [];
let served: ServedModule;
let proxy: Awaited<ReturnType<typeof breakingProxy>>;
let router: Awaited<ReturnType<typeof serveRouter>>;
beforeAll(async () => {
  served = await serveModule(nodeRegistry, {
    listener: "node_registry",
    onInternalError: (_, route, { requestId }) => void cuts.push({ route, requestId }),
  });
  proxy = await breakingProxy(served.url);
  router = await serveRouter(new RouterApp(new NodeRegistryClient(proxy.url)), { host: "127.0.0.1", port: 0 });
  await served.host.store.query(NODES, []);
});
afterAll(async () => {
  router.server.closeAllConnections();
  await new Promise((resolve) => router.server.close(resolve));
  await proxy.close();
  await served.close();
  rmSync(folder, { recursive: true, force: true });
});

/** How often a list was answered, by how that ended. */
async function counted(end: string): Promise<number> {
  const text = await (await fetch(`${served.hostUrl}/metrics`)).text();
  const series = `rollcall_gateway_requests_total{gateway="node_registry_http",operation="listNodes",status="${end}"} `;
  return Number(
    text
      .split("\n")
      .find((line) => line.startsWith(series))
      ?.slice(series.length),
  );
}

async function curl(url: string, ...more: readonly string[]) {
  const [body, head] = [join(folder, "body"), join(folder, "head")];
  const code = await new Promise<number>((resolve) => {
    execFile("curl", ["-sS", "-o", body, "-D", head, ...more, url], (error) => resolve(Number(error?.code ?? 0)));
  });
  return { code, text: readFileSync(body, "utf8"), head: readFileSync(head, "utf8").toLowerCase() };
}

interface Told {
  readonly stale: boolean;
  readonly why: string | null;
  readonly nodes: readonly unknown[];
}

/** The list that a client in Python has, whenever it is asked. */
function pythonClient(url: string) {
  const child = spawn(python, [join(ROOT, "test/node-registry/python/ask_when_told.py"), url], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (): Promise<Told> => {
    child.stdin.write("\n");
    return JSON.parse(String((await lines.next()).value)) as Told;
  };
  return { ask, end: () => child.stdin.end() };
}

describe("a list that fails midway", () => {
  const client = () => new NodeRegistryClient(proxy.url, { timeoutMs: 30_000 });
  const routed = async () => {
    const { headers, ...answer } = await curl(`${router.url}/nodes?role=worker-node`).then(({ head, text, code }) => ({
      ...{ headers: head, code, nodes: JSON.parse(text) as readonly unknown[] },
    }));
    return { ...answer, isStale: headers.includes("x-stale: true"), headers };
  };

  it("is no list to anybody, and the last good one is kept by all who keep lists", { timeout: 120_000 }, async () => {
    const ofPython = python === "" ? undefined : pythonClient(proxy.url);
    const known = client();
    expect(await known.getNodesByRole("worker-node")).toMatchObject({ length: ROWS, stale: false });
    expect(await routed()).toMatchObject({ code: 0, isStale: false, nodes: { length: ROWS } });
    if (ofPython) expect(await ofPython.ask()).toMatchObject({ stale: false, nodes: { length: ROWS } });
    const whole = await counted("2xx");
    expect(whole).toBe(python === "" ? 2 : 3);
    expect(await counted("cut")).toBe(0);

    await served.host.store.query(BROKEN, []);
    const answers = [];
    for (const [url, ...more] of [
      [`${served.url}${LIST}`],
      [`${proxy.url}${LIST}`],
      [`${proxy.url}${LIST}`, "-H", "accept-encoding: gzip, br"],
      [`${proxy.url}${LIST}&envelope=true`],
      [`${served.url}${LIST}`, "--http1.0"],
    ] as const)
      answers.push(await curl(url, ...more));
    for (const { code, text, head } of answers) {
      expect(head).toMatch(/^http\/1\.[01] 200 /);
      // Nothing is compressed, so nothing can be flushed into an end that looks right.
      expect(head).not.toContain("content-encoding");
      expect(BROKEN_OFF).toContain(code);
      expect(text.length).toBeGreaterThan(1_000);
      expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
    }
    expect(await known.getNodesByRole("worker-node")).toMatchObject({
      length: ROWS,
      stale: true,
      why: expect.any(String),
    });
    expect(await client().getNodesByRole("worker-node")).toMatchObject({ length: 0, stale: true, since: undefined });
    const ofRouter = await routed();
    expect(ofRouter).toMatchObject({ code: 0, isStale: true, nodes: { length: ROWS } });
    expect(ofRouter.headers).toMatch(/\r\nx-stale-why: [\x20-\x7e]+\r\n/);
    if (ofPython)
      expect(await ofPython.ask()).toMatchObject({ stale: true, why: expect.any(String), nodes: { length: ROWS } });
    ofPython?.end();

    expect(await counted("2xx")).toBe(whole);
    expect(cuts.length).toBeGreaterThanOrEqual(answers.length);
    expect(await counted("cut")).toBe(cuts.length);
    expect(new Set(cuts.map(({ route }) => route))).toEqual(new Set(["the list of listNodes, cut"]));
    for (const { head } of answers)
      expect(cuts.map(({ requestId }) => requestId)).toContain(/x-request-id: (\S+)/.exec(head)?.[1]);
  });
});
