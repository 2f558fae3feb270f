import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { domain } from "./registration/simulated-nodes.ts";
import { simulate } from "./simulation.ts";

const cli = fileURLToPath(new URL("registration/cli.ts", import.meta.url));
const run = promisify(execFile);

describe("the simulation", () => {
  it("finds every promise kept in 200 histories", { timeout: 600_000 }, async () => {
    const { stdout } = await run(process.execPath, [
      "--import",
      fileURLToPath(new URL("../../bench/typescript.mjs", import.meta.url)),
      cli,
      "--seeds",
      "200",
      "--workers",
      "1",
      "--json",
    ]).catch((error: { stdout?: string; stderr?: string }) => {
      throw new Error(`${error.stdout}\n${error.stderr}`);
    });
    const { seeds, failed, events, faults } = JSON.parse(stdout) as Record<string, unknown>;
    expect({ seeds, failed }).toEqual({ seeds: 200, failed: [] });
    expect(events).toBeGreaterThan(1_000);
    // Each kind of fault occurred: one that is never drawn proves nothing.
    expect(Object.entries(faults as Record<string, number>).filter(([, count]) => count === 0)).toEqual([]);
  });

  it("repeats a history with the same seed, and makes another with another seed", { timeout: 120_000 }, async () => {
    const hashes = [];
    for (const seed of [7, 8, 7, 8]) hashes.push((await simulate({ domain, seed, steps: 200 })).traceHash);
    expect(hashes.slice(0, 2)).toEqual(hashes.slice(2));
    expect(hashes[0]).not.toBe(hashes[1]);
  });
});
