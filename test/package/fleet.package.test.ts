import { cpSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { ROOT } from "../tidy/sources.ts";
import { Installed } from "./installed.ts";

const installed = new Installed();
afterAll(() => installed.close());

it("the fleet's story is true, told by what is installed alone", async () => {
  const fleet = join(installed.folder, "fleet");
  cpSync(join(ROOT, "examples/fleet"), fleet, { recursive: true, filter: (path) => !path.endsWith("node_modules") });
  const { code, stdout, stderr } = await installed.runIn(fleet, "npm", "start");
  expect(code, stdout + stderr).toBe(0);
  expect(stdout).toMatch(/gpu-2 is offline since \S+Z: no heartbeat within its lease/);
  expect(stdout).toContain("200, X-Stale: true, 3 nodes");
  expect(stdout).toMatch(/gpu-1 is offline since \S+Z: it said so/);
}, 180_000);
