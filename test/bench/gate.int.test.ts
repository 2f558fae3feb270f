import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../real/services/run.ts";

const budget = JSON.parse(readFileSync("bench/registration/budget.json", "utf8")) as Record<string, number>;

describe("what a registration costs", () => {
  let directory: string;
  beforeAll(() => (directory = mkdtempSync(join(tmpdir(), "rollcall-budget-"))));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it("is within its budget, in statements, rows, bytes, calls and allocations", async () => {
    await expect(run("npm", ["run", "-s", "bench:gate"])).resolves.toContain("statements, 300 at once");
  });

  it("reports which figure exceeds it", async () => {
    const file = join(directory, "budget.json");
    writeFileSync(file, JSON.stringify({ ...budget, "turnRows, 1 at once": 4 }));
    await expect(run("npm", ["run", "-s", "bench:gate", "--", "--budget", file])).rejects.toThrow(
      /Above the budget:\s+turnRows, 1 at once: 5, budgeted 4\s/,
    );
  });
});
