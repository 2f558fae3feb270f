import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fastify } from "fastify";
import { validatorCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { composeHost, type Host } from "../../app/host/compose.ts";
import { readConfig } from "../../app/host/config.ts";
import { createLog, logTroubles } from "../../app/host/log.ts";
import type { ModuleDomain } from "../../app/host/module.ts";
import { addDoctorRoutes } from "../../app/http/health/doctor.routes.ts";
import { addHealthRoutes } from "../../app/http/health/health.routes.ts";
import { addAuthentication } from "../../app/http/server/access.ts";
import { problemOf, sendProblem } from "../../app/http/server/problem.ts";
import { initializeStore } from "../initialized-store.ts";
import { until } from "../shell/orders.ts";
import { kioskModule } from "./consul/kiosk-module.ts";
import { toyModule } from "./toy-module.ts";

describe("a host of domains", () => {
  let folder: string;
  let host: Host;
  const lines: Record<string, unknown>[] = [];
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-troubles-"));
    await initializeStore(join(folder, "data"));
    lines.length = 0;
    host = await composeHost(readConfig({ ROLLCALL_DATA_DIR: join(folder, "data"), ROLLCALL_PARTITIONS: "2" }), {
      modules: [toyModule("books", folder), toyModule("tools", folder), kioskModule("kiosks", folder)],
    });
    logTroubles(
      createLog("info", undefined, { write: (line: string) => lines.push(JSON.parse(line)) } as never),
      host.troubles,
    );
  });
  afterEach(async () => {
    await host.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function ask(path: string) {
    const server = fastify();
    server.setValidatorCompiler(validatorCompiler);
    server.setSerializerCompiler(() => (value) => JSON.stringify(value));
    server.setErrorHandler((error, request, reply) => sendProblem(request, reply, problemOf(error)));
    addAuthentication(server, undefined);
    const http = server.withTypeProvider<ZodTypeProvider>();
    addHealthRoutes(http, host);
    addDoctorRoutes(http, host);
    const answer = await server.inject(path);
    await server.close();
    return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
  }
  const readiness = async (domain?: string) => {
    const { status, body } = await ask(`/health/ready${domain === undefined ? "" : `?domain=${domain}`}`);
    return [status, ...((body["troubles"] ?? []) as { code: string }[]).map(({ code }) => code)];
  };
  const owned = () => host.systems.every(({ runtime }) => runtime.failure || runtime.status().owned.length > 0);
  /** A topic with another number of partitions than the rest: nobody may guess which is right. */
  const refuseTools = () =>
    host.store.query("insert into rollcall.bus_topic (topic, partitions) values ($1, 5), ($2, 2)", [
      "dev.tools.place-order",
      "dev.tools.orders",
    ]);

  it("is starting until each domain has its partitions, then ready, also of domains that are idle", async () => {
    expect(await readiness()).toEqual([503, "STARTING", "STARTING", "STARTING"]);
    expect(await readiness("books")).toEqual([503, "STARTING"]);
    await host.start();
    await until(owned);
    for (const domain of [undefined, "books", "tools", "kiosks"]) expect(await readiness(domain)).toEqual([200]);
  });

  it("says of a module's own backend that it can't be reached, and what it is when it can", async () => {
    const away = { error: new Error("connection refused") as Error | null };
    const queue = {
      open: () => ({}),
      check: () => (away.error ? Promise.reject(away.error) : Promise.resolve("queue 7")),
    };
    await host.stop();
    const { domains, ...module } = toyModule("tools", folder);
    const use = domains.map((domain): ModuleDomain => ({
      ...domain,
      code: (backends, variables) => {
        expect(backends).toHaveProperty("queue");
        return domain.code(backends, variables);
      },
    }));
    const modules = [toyModule("books", folder), { ...module, domains: use, backends: { queue } }];
    host = await composeHost(readConfig({ ROLLCALL_DATA_DIR: join(folder, "data"), ROLLCALL_PARTITIONS: "2" }), {
      modules,
    });
    await host.start();
    await until(owned);
    expect(await readiness("tools")).toEqual([503, "BACKEND_UNAVAILABLE"]);
    expect(await readiness("books")).toEqual([200]);
    const { body } = await ask("/api/v1/doctor?domain=tools");
    expect(body["checks"]).toContainEqual(
      expect.objectContaining({ name: "BACKEND_UNAVAILABLE", detail: expect.stringContaining("connection refused") }),
    );
    away.error = null;
    await until(async () => (await readiness("tools")).join() === "200");
    expect((await ask("/api/v1/doctor?domain=tools")).body["checks"]).toContainEqual({
      ...{ domain: "tools", name: "tools/queue", level: "ok", detail: "queue 7" },
    });
  });

  it("is ready while one domain can't be served, which is not, and has the reason with what to do", async () => {
    await refuseTools();
    await host.start();
    await until(owned);
    expect(await readiness()).toEqual([200, "DOMAIN_FAILED"]);
    expect(await readiness("tools")).toEqual([503, "DOMAIN_FAILED"]);
    expect(await readiness("books")).toEqual([200]);
    const [trouble] = await host.troubles.list();
    expect(trouble).toMatchObject({
      domain: "tools",
      detail: expect.stringContaining("dev.tools.place-order"),
      remedy: "give each of its topics the same number of partitions",
    });
    expect(lines.filter((line) => line["trouble"] === "DOMAIN_FAILED")).toMatchObject([
      { level: "error", domain: "tools", msg: expect.stringMatching(/^the domain can't be served: .*dev.tools/) },
    ]);
    await host.store.query("update rollcall.bus_topic set partitions = 2");
    await until(async () => (await readiness("tools")).join() === "200");
  });

  it("is not ready while it stops", async () => {
    await host.start();
    await until(owned);
    const stopped = host.stop();
    expect(await readiness()).toEqual([503, "DRAINING"]);
    expect(await readiness("books")).toEqual([503, "DRAINING"]);
    await stopped;
  });

  it("asks only domains that use a backend whether it is there", async () => {
    await host.start();
    await until(owned);
    expect((await ask("/health/ready?domain=kiosks")).body["parts"]).toMatchObject({ catalogue: { ok: true } });
    expect((await ask("/health/ready?domain=books")).body["parts"]).not.toHaveProperty("catalogue");
  });

  it("names the domains that it serves to who asks for another one", async () => {
    for (const path of ["/health/ready?domain=cars", "/api/v1/doctor?domain=cars"])
      expect(await ask(path)).toMatchObject({ status: 404, body: { detail: expect.stringContaining("books, tools") } });
  });

  it("is examined by doctor, each domain apart, with its troubles", async () => {
    await refuseTools();
    await host.start();
    await until(owned);
    const { body } = await ask("/api/v1/doctor");
    const checks = body["checks"] as { domain: string | null; name: string; level: string }[];
    expect(body["ok"]).toBe(false);
    expect(new Set(checks.map(({ domain }) => domain))).toEqual(new Set(["books", "tools", "kiosks", null]));
    expect(checks).toContainEqual(
      expect.objectContaining({ domain: "tools", name: "DOMAIN_FAILED", level: "finding" }),
    );
    expect(checks.filter(({ name }) => name === "store")).toMatchObject([{ domain: null, level: "ok" }]);
    const ofBooks = (await ask("/api/v1/doctor?domain=books")).body;
    expect(ofBooks["ok"]).toBe(true);
    expect(ofBooks["checks"]).not.toContainEqual(expect.objectContaining({ domain: "tools" }));
  });
});
