import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { composeHost } from "../../app/host/compose.ts";
import { readConfig } from "../../app/host/config.ts";
import type { Module } from "../../app/host/module.ts";
import { initializeStore } from "../initialized-store.ts";
import { toyModule } from "./toy-module.ts";

const folder = mkdtempSync(join(tmpdir(), "rollcall-failed-start-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("a start that fails closes what modules have opened, before and after the store is opened", async () => {
  const calls: string[] = [];
  const { domains, ...tools } = toyModule("tools", folder);
  const queue = { open: () => void calls.push("open"), close: () => void calls.push("close") };
  const usesQueue = domains.map((domain) => ({
    ...domain,
    code: ((backends, config) => {
      expect(backends).toHaveProperty("queue", undefined);
      return domain.code(backends, config);
    }) as typeof domain.code,
  }));
  const module = { ...tools, domains: usesQueue, backends: { queue } } as Module;
  await initializeStore(join(folder, "data"));
  const compose = (namespace: string) =>
    composeHost(readConfig({ ROLLCALL_DATA_DIR: join(folder, "data"), ROLLCALL_NAMESPACE: namespace }), {
      modules: [module],
    });
  await (await compose("first")).stop();
  expect(calls.splice(0)).toEqual(["open", "close"]);
  await expect(compose("second")).rejects.toMatchObject({ code: "DEPLOYMENT_DIFFERS" });
  expect(calls.splice(0)).toEqual(["open", "close"]);
  writeFileSync(join(folder, "tools/orders.yaml"), "name: [");
  await expect(compose("first")).rejects.toThrow();
  expect(calls).toEqual(["open", "close"]);
});
