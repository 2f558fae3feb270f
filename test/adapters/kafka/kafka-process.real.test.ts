import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { describeReal } from "../../real/services/describe-real.ts";
import { freePorts } from "../../real/services/free-ports.ts";

const program = fileURLToPath(new URL("bus-process.ts", import.meta.url));

async function runProcess(brokers: string): Promise<{ said: readonly string[]; errors: string }> {
  const args = ["--import", "tsx", program, brokers];
  // Rejects for a process that does not end by itself, which is killed.
  const { stdout, stderr } = await promisify(execFile)("node", args, { timeout: 20_000 });
  return { said: stdout.trim().split("\n"), errors: stderr };
}

describeReal("a process with a Kafka bus", ({ kafka }) => {
  it("ends by itself when the bus is closed, outside of a test runner too", async () => {
    const { said, errors } = await runProcess(kafka);
    expect(said).toEqual(["hello", "closed"]);
    expect(errors).not.toContain("error");
  });

  it("reports within seconds that no broker answers, and ends", async () => {
    const { nobody } = await freePorts(["nobody"]);
    const { said } = await runProcess(`127.0.0.1:${nobody}`);
    expect(said[0]).toContain(`preparing topics on 127.0.0.1:${nobody}`);
    expect(said.at(-1)).toBe("closed");
  });
});
