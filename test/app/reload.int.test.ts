import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { composeHost, type Host, type System } from "../../app/host/compose.ts";
import { readConfig } from "../../app/host/config.ts";
import { type DomainSource, resolveStartupContracts, readContracts } from "../../app/host/contracts-in-force.ts";
import { createHttpServer } from "../../app/http/server/http-server.ts";
import { withoutBackends } from "../../effects/backends.ts";
import { registration, registrationOn } from "../../app/modules/registration/module.ts";
import { contractInForce } from "../../runtime/stored/contract-sets.ts";
import type { ContractsCopy } from "../blackbox/contracts-copy.ts";
import { contractsCopy, deadlinesOf } from "../blackbox/registration/contracts-copy.ts";
import { initializeStore } from "../initialized-store.ts";
import { until } from "../shell/orders.ts";

let contracts: ContractsCopy;
let data: string;
beforeEach(async () => {
  contracts = contractsCopy(...deadlinesOf("20m", "30s"));
  data = mkdtempSync(join(tmpdir(), "rollcall-reload-"));
  await initializeStore(data);
});
afterEach(() => {
  contracts.remove();
  rmSync(data, { recursive: true, force: true });
});

const edit = (from: string, to: string): void => {
  const file = join(contracts.dir, "orchestrator.yaml");
  const text = readFileSync(file, "utf8");
  expect(text).toContain(from);
  writeFileSync(file, text.replaceAll(from, to));
};
const ACK = "name: ack, after: 20m";
const openHost = (): Promise<Host> =>
  composeHost(readConfig({ ROLLCALL_DATA_DIR: data }), { modules: [registration], contractsDir: contracts.dir });

describe("contracts that are reloaded", () => {
  let host: Host;
  let system: System;
  let http: FastifyInstance;
  beforeEach(async () => {
    host = await openHost();
    system = host.system("registration");
    http = createHttpServer(host);
    await host.start();
    await until(() => system.runtime.status().owned.length > 0);
  });
  afterEach(async () => {
    await http.close();
    await host.stop();
  });

  const get = async (path: string) => (await http.inject(path)).json<Record<string, unknown>>();
  const reload = async () => {
    const { statusCode, body } = await http.inject({ method: "POST", url: "/api/v1/contracts/reload" });
    return { statusCode, body: JSON.parse(body) as Record<string, unknown> };
  };
  const introspect = async (node_id: string): Promise<string> => {
    const payload = { payload_type: "NodeIntrospectionEvent", payload: { node_id, node_type: "effect" } };
    await http.inject({ method: "POST", url: "/api/v1/events", payload });
    let ack = "";
    await until(async () => {
      const { deadlines } = (await get(`/api/v1/registrations/${node_id}`)) as {
        deadlines?: Record<string, { at: string }>;
      };
      ack = deadlines?.["ack"]?.at ?? "";
      return ack !== "";
    });
    return ack;
  };
  const minutesFromNow = (time: string): number => Math.round((Date.parse(time) - Date.now()) / 60_000);

  it("apply to the next node, and armed deadlines keep their time", async () => {
    const before = await introspect("n1");
    edit(ACK, "name: ack, after: 60m");
    const { hash } = (await get("/api/v1/contracts/in-force")) as { hash: string };
    const answer = await reload();
    expect(answer).toMatchObject({ statusCode: 200, body: { changed: true } });
    expect(answer.body["hash"]).not.toBe(hash);

    expect(minutesFromNow(await introspect("n2"))).toBe(60);
    expect(minutesFromNow(before)).toBe(20);
    expect(await introspect("n1")).toBe(before);
    expect(await get("/api/v1/contracts/in-force")).toMatchObject({
      ...{ hash: answer.body["hash"], by: "address 127.0.0.1", refused: null },
      processes: [{ hash: answer.body["hash"], partitions: 12 }],
    });
    expect((await http.inject("/metrics")).body).toContain(`contract_hash="${String(answer.body["hash"])}"`);
  });

  it("are refused with every error, every interface reports it, and the previous ones stay in force", async () => {
    const { contractHash } = system.domain;
    edit(ACK, "name: ack, aftr: 20m");
    const wrong = expect.objectContaining({ file: "orchestrator.yaml", line: 102, code: "RC005" }) as unknown;
    expect(await reload()).toMatchObject({ statusCode: 409, body: { diagnostics: [wrong] } });
    expect(await get("/api/v1/contracts/in-force")).toMatchObject({
      hash: contractHash,
      refused: { diagnostics: [wrong] },
    });
    expect(await get("/health/ready")).toMatchObject({
      troubles: [{ code: "CONTRACTS_REFUSED", detail: expect.stringContaining("orchestrator.yaml:102: RC005") }],
    });
    expect((await http.inject("/metrics")).body).toMatch(
      /^rollcall_trouble\{domain="registration",code="CONTRACTS_REFUSED"\} 1$/m,
    );
    expect((await http.inject("/api/v1/doctor")).body).toContain("rollcall reload");
    expect(minutesFromNow(await introspect("n1"))).toBe(20);

    edit("aftr: 20m", "after: 20m");
    expect(await reload()).toMatchObject({ statusCode: 200, body: { hash: contractHash, changed: false } });
    expect(await get("/api/v1/contracts/in-force")).toMatchObject({ refused: null });
  });

  it("may name other topics, which are read from then on", async () => {
    edit("onex.evt.node-introspection.v1", "onex.evt.node-arrived.v1");
    expect(await reload()).toMatchObject({ statusCode: 200, body: { changed: true } });
    await introspect("n1");
    const { items } = (await get("/api/v1/registrations/n1/timeline")) as { items: { topic: string }[] };
    expect(items[0]?.topic).toBe("dev.onex.evt.node-arrived.v1");
  });

  it("are refused when their topics can't be created, before anything has changed", async () => {
    const { contractHash } = system.domain;
    await system.store.query(
      `insert into rollcall.bus_topic (topic, partitions) select 'dev.onex.evt.node-arrived.v1', 3`,
    );
    edit("onex.evt.node-introspection.v1", "onex.evt.node-arrived.v1");
    expect(await reload()).toMatchObject({
      statusCode: 409,
      body: { reasons: [expect.stringContaining("dev.onex.evt.node-arrived.v1 has 3")] },
    });
    expect(await get("/api/v1/contracts/in-force")).toMatchObject({ hash: contractHash });
    await introspect("n1");
  });

  it("process what is published during the change, and lose nothing", async () => {
    edit(ACK, "name: ack, after: 60m");
    const ids = Array.from({ length: 40 }, (_, index) => `n${index}`);
    const published = ids.map((id) => introspect(id));
    expect(await reload()).toMatchObject({ statusCode: 200, body: { changed: true } });
    await Promise.all(published);
    const { items } = (await get("/api/v1/registrations")) as { items: { attempt: number }[] };
    expect(items.map(({ attempt }) => attempt)).toEqual(ids.map(() => 1));
  });
});

describe("a process that starts", () => {
  let host: Host;
  let system: System;
  let source: DomainSource;
  beforeEach(async () => {
    host = await openHost();
    system = host.system("registration");
    const names = { env: "dev", namespace: "" };
    source = { directory: contracts.dir, code: registrationOn(withoutBackends), names };
  });
  afterEach(() => host.stop());

  const start = async (isShared: boolean): Promise<string> => {
    const at = await resolveStartupContracts(system.store, readContracts(source, [source.code]), source, {
      ...{ isShared, by: "a start", warn: () => {} },
    });
    return at.domain.contractHash;
  };
  const inForce = async () => (await contractInForce(system.store, "registration"))?.hash;

  it("puts new contracts in force", async () => {
    const first = system.domain.contractHash;
    edit(ACK, "name: ack, after: 60m");
    const second = await start(true);
    expect(second).not.toBe(first);
    expect(await inForce()).toBe(second);
  });

  it("runs the contracts that replaced its folder's, when the store is shared", async () => {
    edit(ACK, "name: ack, after: 60m");
    const second = await start(true);
    edit("name: ack, after: 60m", ACK);
    expect(await start(true)).toBe(second);
    expect(await inForce()).toBe(second);
  });

  it("runs its folder's contracts when the store is not shared", async () => {
    const first = system.domain.contractHash;
    edit(ACK, "name: ack, after: 60m");
    await start(false);
    edit("name: ack, after: 60m", ACK);
    expect(await start(false)).toBe(first);
    expect(await inForce()).toBe(first);
  });
});
