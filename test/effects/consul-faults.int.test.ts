import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ConsulDiscovery } from "../../effects/consul/consul-discovery.ts";
import { ConsulClient, type ConsulClientOptions } from "../../effects/consul/consul-client.ts";
import { HandlerConsulRegister } from "../../effects/service-catalog/consul-register.effect.ts";
import { consulCatalog } from "../../effects/consul/consul-catalog.ts";
import { agreeable, answer, answerJson, type Behaviour, type HttpStandIn, standIn } from "./http-stand-in.ts";
import { endings, run, serviceIntents } from "./intents.ts";

const owner = "rollcall/dev";
const scope = { env: "dev", namespace: "", domain: "registration" };
const megabyte = "x".repeat(1024 * 1024);

/** An answer of 30 MB, with or without its length in a header; ends when the client closes the connection. */
const thirtyMegabytes =
  (headers: Record<string, string>): Behaviour =>
  async ({ response }) => {
    response.writeHead(200, { "Content-Type": "application/json", ...headers });
    const closed = once(response, "close");
    for (let sent = 0; sent < 30 && !response.destroyed; sent++) {
      // Without waiting, bytes that never left this process would count as sent.
      if (!response.write(megabyte)) await Promise.race([once(response, "drain"), closed]);
    }
    response.end();
  };

const failures: Record<string, Behaviour> = {
  "500": answer(500, "No cluster leader"),
  "503 from a proxy": answer(503, "<html>", "text/html"),
  "429": answer(429, "rate limit exceeded"),
  "403": answer(403, "ACL not found"),
  "404 of another server": answer(404, "not found"),
  "a redirect, which is not followed": ({ response }) =>
    void response.writeHead(302, { Location: "http://127.0.0.1:1/" }).end(),
  "a page instead of JSON": answer(200, "<html>hello</html>", "text/html"),
  "half a document": answer(200, '{"Results": [', "application/json"),
  "a document of another shape": answerJson(200, { Results: "none" }),
  "a refusal without a reason": answerJson(409, { Errors: [] }),
  "no content type": ({ response }) => void response.writeHead(200).end("{}"),
  "30 MB": thirtyMegabytes({}),
  "30 MB, announced": thirtyMegabytes({ "Content-Length": String(30 * megabyte.length) }),
  "headers without end": ({ response }) => void response.writeHead(200, { huge: "x".repeat(100_000) }).end(),
  silence: () => {},
  "silence after the headers": ({ response }) => {
    response.writeHead(200, { "Content-Type": "application/json" });
    response.flushHeaders();
  },
  "one byte at a time": async ({ response }) => {
    response.writeHead(200, { "Content-Type": "application/json" });
    for (let sent = 0; sent < 200 && !response.destroyed; sent++) {
      response.write(" ");
      await sleep(100);
    }
  },
  "a reset connection": ({ request }) => void request.socket.resetAndDestroy(),
  "a connection that ends in the middle": ({ request, response }) => {
    response.writeHead(200, { "Content-Type": "application/json", "Content-Length": "1000" });
    response.write("{");
    setTimeout(() => request.socket.destroy(), 20);
  },
  "rubbish instead of HTTP": ({ request }) => void request.socket.end("SSH-2.0-OpenSSH_9.2\r\n"),
};

describe.each(["txn", "agent"] as const)("A failure of Consul, with registration by %s", (registration) => {
  let server: HttpStandIn;
  let client: ConsulClient;
  const intents = serviceIntents("onex-effect");
  const open = (options: Partial<ConsulClientOptions> = {}) =>
    new ConsulClient({ address: server.address, ...options });
  const register = (to: ConsulClient, timeoutMs: number) =>
    run(
      HandlerConsulRegister(consulCatalog(to, { ...scope, registration })(scope.domain).registry),
      [intents.register("n1", 3)],
      timeoutMs,
    );

  beforeAll(async () => {
    server = await standIn(answer(500, ""));
  });
  afterAll(() => server.close());
  beforeEach(() => {
    client = open();
  });
  afterEach(() => client.close());

  it.each(Object.entries(failures))("is UNAVAILABLE and retryable within the timeout: %s", async (_, behaviour) => {
    server.behaviour = behaviour;
    const startedAt = performance.now();
    const [outcome] = await register(client, 500);
    expect(outcome).toMatchObject({ done: false, fault: { code: "UNAVAILABLE", retryable: true } });
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  it.each([{}, { "Content-Length": String(30 * megabyte.length) }])(
    "reads no more of an answer of 30 MB than the limit: %o",
    async (headers) => {
      let sentBytes = 0;
      server.behaviour = async (exchange) => {
        await thirtyMegabytes(headers)(exchange);
        sentBytes = exchange.request.socket.bytesWritten;
      };
      const [outcome] = await register(client, 5_000);
      expect(outcome).toMatchObject({
        done: false,
        fault: { message: expect.stringContaining("larger than 8388608 bytes") },
      });
      await expect.poll(() => sentBytes).toBeGreaterThan(0);
      // The 8 MiB that it takes, and what the kernel holds on its way: 4 MiB of the sender's, 6 of the reader's.
      expect(sentBytes).toBeLessThan(24 * megabyte.length);
    },
  );

  it("is UNAVAILABLE where nobody listens", async () => {
    const [outcome] = await register(new ConsulClient({ address: "127.0.0.1:1" }), 500);
    expect(outcome).toMatchObject({ done: false, fault: { code: "UNAVAILABLE", retryable: true } });
  });

  it("ends after the client's own timeout when the caller has no signal", async () => {
    server.behaviour = () => {};
    const impatient = open({ timeoutMs: 200 });
    await expect(new ConsulDiscovery(impatient, scope).services("x", true)).rejects.toMatchObject({
      code: "UNAVAILABLE",
    });
    impatient.close();
  });

  it("sends nothing when the signal is aborted before", async () => {
    let requests = 0;
    server.behaviour = () => void requests++;
    const signal = AbortSignal.abort();
    const registry = consulCatalog(client, { ...scope, registration })(scope.domain).registry;
    const [ending] = await registry.apply([{ kind: "deregister", serviceId: "s", version: 1 }], signal);
    expect(ending).toMatchObject({ code: "UNAVAILABLE" });
    expect(requests).toBe(0);
  });

  it("never contains the token in objects or errors", async () => {
    const token = "5ec2e7-t0ken";
    const tokens: unknown[] = [];
    server.behaviour = (exchange) => {
      tokens.push(exchange.request.headers["x-consul-token"]);
      return answer(403, "Permission denied")(exchange);
    };
    const secretive = open({ token });
    const [outcome] = await register(secretive, 500);
    expect(new Set(tokens)).toEqual(new Set([token]));
    expect(inspect([secretive, outcome], { depth: 10, showHidden: true })).not.toContain(token);
    expect(() => open({ token: `${token}\r\nX: y` })).toThrow(/^(?!.*5ec2e7)/);
  });
});

describe("Consul's transactions", () => {
  let server: HttpStandIn;
  let client: ConsulClient;
  const intents = serviceIntents("onex-effect");
  const nodes = Array.from({ length: 31 }, (_, index) => `n${index}`);
  const registerAll = (given = nodes.map((node) => intents.register(node, 3))) =>
    run(HandlerConsulRegister(consulCatalog(client, { ...scope, registration: "txn" })(scope.domain).registry), given);

  beforeEach(async () => {
    server = await standIn(agreeable(owner));
    client = new ConsulClient({ address: server.address, datacenter: "west" });
  });
  afterEach(async () => {
    client.close();
    await server.close();
  });

  it("carry at most 64 operations and 256 KiB, and name the datacenter", async () => {
    const requests: { url: string | undefined; body: string }[] = [];
    const behaviour = server.behaviour;
    server.behaviour = (exchange) => {
      requests.push({ url: exchange.request.url, body: exchange.body });
      return behaviour(exchange);
    };
    const tags = Array.from({ length: 200 }, (_, index) => `capability:${"long".repeat(12)}${index}`);
    const given = Array.from({ length: 200 }, (_, index) =>
      intents.register(`n${index}`, 3, index < 100 ? { tags } : {}),
    );
    expect(endings(await registerAll(given))).toEqual(given.map(() => "done"));
    for (const { url, body } of requests) {
      expect(url).toContain("dc=west");
      expect((JSON.parse(body) as unknown[]).length).toBeLessThanOrEqual(64);
      expect(Buffer.byteLength(body)).toBeLessThanOrEqual(256 * 1024);
    }
    expect(requests.length).toBeLessThan(20);
  });

  it("leave out a service that is too large for a transaction", async () => {
    const tags = Array.from({ length: 256 }, () => "x".repeat(1_100));
    const given = [intents.register("n1", 3), intents.register("n2", 3, { tags }), intents.register("n3", 3)];
    expect(endings(await registerAll(given))).toEqual(["done", "CONSUL_REFUSED", "done"]);
  });

  it("are split in halves until the intent that Consul can't parse is alone", async () => {
    server.behaviour = agreeable(owner, (body) =>
      body.includes('-n7"') ? answer(400, "Failed to parse body") : undefined,
    );
    const expected = nodes.map((node) => (node === "n7" ? "CONSUL_REFUSED" : "done"));
    expect(endings(await registerAll())).toEqual(expected);
  });

  it("continue without a service that an ACL forbids, which is UNAVAILABLE", async () => {
    server.behaviour = agreeable(owner, (body) => {
      const index = (JSON.parse(body) as { Service?: { Service: { ID: string } } }[]).findIndex(
        ({ Service }) => Service?.Service.ID === "onex-effect-n7",
      );
      return index < 0 ? undefined : answerJson(409, { Errors: [{ OpIndex: index, What: "Permission denied" }] });
    });
    expect(endings(await registerAll())).toEqual(nodes.map((node) => (node === "n7" ? "UNAVAILABLE" : "done")));
  });

  it("end as UNAVAILABLE when every write conflicts", async () => {
    server.behaviour = agreeable(owner, (body) =>
      body.includes('"get"')
        ? answerJson(409, { Errors: [{ OpIndex: 0, What: 'service "x" on node "n" doesn\'t exist' }] })
        : answerJson(409, { Errors: [{ OpIndex: 1, What: 'failed to set service "x", index is stale' }] }),
    );
    expect(endings(await registerAll([intents.register("n1", 3)]))).toEqual(["UNAVAILABLE"]);
  });

  it("do not write a node of another owner", async () => {
    const bodies: string[] = [];
    const behaviour = agreeable("rollcall/other");
    server.behaviour = (exchange) => {
      bodies.push(exchange.body);
      return behaviour(exchange);
    };
    expect(endings(await registerAll())).toEqual(nodes.map(() => "UNAVAILABLE"));
    expect(bodies.every((body) => !body.includes('"cas"'))).toBe(true);
  });
});
