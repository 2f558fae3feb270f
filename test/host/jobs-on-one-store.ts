import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { composeHost, type Host } from "../../app/host/compose.ts";
import { readConfig } from "../../app/host/config.ts";
import type { Job, Module } from "../../app/host/module.ts";
import { until } from "../shell/orders.ts";
import { toyModule } from "./toy-module.ts";

export function withJobs(module: Module, jobs: readonly Job[]): Module {
  return { ...module, domains: module.domains.map((domain) => ({ ...domain, jobs })) };
}

/**
 * Jobs of a host, on a store that real processes use.
 * @param environmentOf variables of the configuration
 */
export function testJobs(environmentOf: (folder: string) => Promise<Record<string, string>>): void {
  let folder: string;
  let environment: Record<string, string>;
  let hosts: Host[];
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-jobs-"));
    environment = await environmentOf(folder);
    hosts = [];
  });
  afterEach(async () => {
    await Promise.all(hosts.map((host) => host.stop()));
    rmSync(folder, { recursive: true, force: true });
  });
  const start = async (...jobs: Job[]): Promise<Host> => {
    const config = readConfig({ ...environment, ROLLCALL_PARTITIONS: "2" });
    const host = await composeHost(config, { modules: [withJobs(toyModule("books", folder), jobs)] });
    hosts.push(host);
    await host.start();
    return host;
  };

  it("publish messages of their domain, and read its entities by pages", async () => {
    const problems: string[] = [];
    const seen: (string | null)[][] = [];
    const host = await start({
      name: "restock",
      every: "1s",
      async run({ publish, read }) {
        const first = await read({ limit: 1 });
        const rest = await read({ after: first[0]?.id ?? "" });
        seen.push([...first, ...rest].map(({ id, state }) => `${id} ${state}`));
        const place = (payload: object) => publish("PlaceOrder", payload as never);
        if (seen.length > 1) return;
        await place({ order_id: "o1", amount: 5 });
        await place({ order_id: "o2", amount: 5 });
        await place({ order_id: 7 }).catch((error: unknown) => problems.push(String(error)));
        await publish("OrderPlaced", {}).catch((error: unknown) => problems.push(String(error)));
      },
    });
    await until(() => seen.some((ids) => ids.join() === "o1 TOLD,o2 TOLD"));
    expect(problems).toEqual([
      expect.stringContaining("order_id"),
      expect.stringMatching(/^Error: books consumes no OrderPlaced: .*PlaceOrder/),
    ]);
    expect(host.jobs.status()).toEqual([
      expect.objectContaining({ domain: "books", job: "restock", every: "1s", isHere: true, failure: null }),
    ]);
  });

  it("end before their host does", async () => {
    let ended = 0;
    const run: Job["run"] = async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      ended++;
    };
    const host = await start({ name: "probe", every: "always", run });
    await until(() => host.jobs.status()[0]?.runningSinceMs !== null);
    await host.stop();
    expect(ended).toBe(1);
  });
}
