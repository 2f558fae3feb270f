import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { expect, it } from "vitest";

const ROOT = new URL("../..", import.meta.url).pathname;

interface Played {
  readonly code: number | null;
  readonly output: string;
}

function play(
  args: readonly string[],
  onOutput: (soFar: string, interrupt: () => void) => void = () => {},
): Promise<Played> {
  return new Promise((resolve) => {
    // The environment's settings must not matter: the demo has its own.
    const env = { ...process.env, KAFKA_BOOTSTRAP_SERVERS: "127.0.0.1:1", DATABASE_URL: "", ROLLCALL_ENV: "NOT OK" };
    const child = spawn(process.execPath, ["dist/app/rollcall.js", "demo", ...args], { cwd: ROOT, env });
    let output = "";
    const hear = (chunk: Buffer): void => {
      output += chunk.toString();
      onOutput(output, () => child.kill("SIGINT"));
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("close", (code) => resolve({ code, output }));
  });
}

/** Expects each part in the text, after the one before it. */
function expectInOrder(text: string, parts: readonly string[]): void {
  let from = 0;
  for (const part of parts) {
    const at = text.indexOf(part, from);
    expect(at, `${part} after ${text.slice(0, from).split("\n").at(-1)} in:\n${text}`).toBeGreaterThanOrEqual(0);
    from = at + part.length;
  }
}

// Not AWAITING_ACK: over HTTP an acceptance can be read, and ACKed, before the bus has confirmed its publish.
const REGISTRATION = [
  "NodeIntrospectionEvent",
  "PENDING_REGISTRATION",
  "consul.register",
  "postgres.upsert_registration",
  "partial",
  "complete",
  "NodeRegistrationAccepted",
  "ACCEPTED",
  "NodeRegistrationAcked",
  "ACK_RECEIVED",
  "NodeBecameActive",
  "ACTIVE",
];

// Concurrent, because both mostly wait.
it.concurrent(
  "tells a registration from T+0 to ACTIVE, an expiry and the registration after it, and ends by itself",
  { timeout: 120_000 },
  async () => {
    const { code, output } = await play([]);
    expectInOrder(output, [
      "deadlines of seconds",
      ...REGISTRATION,
      "NodeHeartbeatEvent",
      "goes silent",
      "deadline(liveness)",
      "LIVENESS_EXPIRED",
      ...REGISTRATION,
      "with attempt 2",
      "DEREGISTERED",
    ]);
    expect(code, output).toBe(0);
    expect(output, "no colours into a pipe").not.toContain("\x1b[");
    expect(readdirSync(tmpdir()).filter((name) => output.includes(`${name}/`))).toEqual([]);
  },
);

it.concurrent("keeps running with --keep until it is interrupted", { timeout: 120_000 }, async () => {
  const states: unknown[] = [];
  let asked = false;
  const { code, output } = await play(["--keep"], (soFar, interrupt) => {
    const url = /curl (http:\S+)\/api\/v1\/registrations/.exec(soFar)?.[1];
    if (url === undefined || asked) return;
    asked = true;
    void fetch(`${url}/api/v1/registrations`)
      .then((response) => response.json() as Promise<{ items: { state: string }[] }>)
      .then(({ items }) => states.push(...items.map(({ state }) => state)))
      .finally(interrupt);
  });
  expect(states).toEqual(["ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE"]);
  expect(code, output).toBe(0);
});
