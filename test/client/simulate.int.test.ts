import { spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SimulationSummary } from "../../client/simulation.ts";
import { type RunningSystem, runningSystem } from "./registration/running-system.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

function simulate(...args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const { KAFKA_BOOTSTRAP_SERVERS: _, ...env } = process.env;
    const child = spawn(process.execPath, ["dist/app/rollcall.js", "simulate", ...args], { cwd: ROOT, env });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

describe("rollcall simulate", () => {
  let running: RunningSystem;
  beforeAll(async () => (running = await runningSystem()));
  afterAll(() => running.close());

  it("runs nodes against a running system and prints a summary", async () => {
    const run = await simulate(
      "--nodes",
      "10",
      "--rate",
      "10",
      "--for",
      "4s",
      "--no-ack",
      "0.1",
      "--duplicate",
      "0.2",
      "--json",
      "--url",
      running.url,
    );
    const summary = JSON.parse(run.stdout) as SimulationSummary;
    expect(summary).toMatchObject({ nodes: 10, seed: 1, introspected: 10, accepted: 10, expectedActive: 9, active: 9 });
    expect(run.code, run.stderr).toBe(0);
    expect(run.stderr, "progress is for terminals").toBe("");
  });

  it("prints a summary for people, and deregisters with --goodbye", async () => {
    const { code, stdout } = await simulate(
      "--nodes",
      "3",
      "--rate",
      "10",
      "--for",
      "2s",
      "--seed",
      "5",
      "--goodbye",
      "--url",
      running.url,
    );
    expect(stdout).toMatch(/introspected +3\n/);
    expect(stdout).toMatch(/to active( +\d+\.\d){4}\n/);
    expect(stdout).toContain("all 3 nodes that should become ACTIVE did");
    expect(code).toBe(0);
    const stateOf = async (): Promise<unknown> =>
      ((await (await fetch(`${running.url}/api/v1/registrations/sim-5-00003`)).json()) as { state: unknown }).state;
    await expect.poll(stateOf).toBe("DEREGISTERED");
  });

  it("exits 1 and names the nodes when one did not become ACTIVE", async () => {
    const deaf = createServer((request, response) => {
      if (request.method === "GET")
        response.writeHead(200, { "content-type": "text/event-stream" }).write("id: 0\n: start\n\n");
      else request.resume().on("end", () => response.writeHead(202).end("{}"));
    });
    await new Promise<void>((resolve) => deaf.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(deaf.address() as AddressInfo).port}`;
    const { code, stdout } = await simulate("--nodes", "2", "--rate", "10", "--for", "1s", "--url", url);
    deaf.closeAllConnections();
    deaf.close();
    expect(stdout).toContain("2 of 2 nodes that should become ACTIVE did not: sim-1-00001, sim-1-00002");
    expect(code).toBe(1);
  });

  it("exits 2 for invalid options, and names valid ones", async () => {
    const [tooShort, noShare] = await Promise.all([
      simulate("--nodes", "100", "--rate", "1", "--for", "10s"),
      simulate("--silent", "10"),
    ]);
    expect(tooShort).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("take 100 s: give --for at least that long"),
    });
    expect(noShare).toMatchObject({ code: 2, stderr: expect.stringContaining("a share from 0 to 1") });
  });
});
