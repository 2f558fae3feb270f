import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HttpBench } from "./registration/http-bench.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/app/rollcall.js", import.meta.url));
const BEAT_MS = 500;
const WAIT = { timeout: 30_000 };

interface HoldShown {
  readonly subject: string;
  readonly in_force: boolean;
}

/** A node without heartbeats expires soon; a heartbeat lasts for longer than the slowest machine needs. */
const EDITS = [
  ["        after: 30s", "        after: 5s"],
  ["renewed_for: 30s", "renewed_for: 2m"],
] as const;

describe("nodes that go silent at once", () => {
  let bench: HttpBench;
  let beats: NodeJS.Timeout;
  const named = (name: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${name}-${i}`);
  const [well, few, many] = [named("well", 15), named("few", 3), named("many", 12)];
  const beating = new Set(well);

  beforeAll(async () => {
    bench = await HttpBench.open((yaml) => EDITS.reduce((text, [from, to]) => text.replace(from, to), yaml));
    beats = setInterval(() => void bench.say("NodeHeartbeatEvent", beating), BEAT_MS);
  }, 180_000);
  afterAll(async () => {
    clearInterval(beats);
    await bench.close();
  });

  const register = async (ids: readonly string[]): Promise<void> => {
    await bench.say("NodeIntrospectionEvent", ids);
    await expect.poll(() => inState("AWAITING_ACK"), WAIT).toEqual([...ids].sort());
    await bench.say("NodeRegistrationAcked", ids);
  };
  const inState = (state: string): Promise<string[]> => bench.inState(state);
  const holds = async () => (await bench.ask<{ items: HoldShown[] }>("/api/v1/holds")).body.items;
  const metric = async (line: string) => (await bench.ask<string>("/metrics")).body.includes(line);
  const rollcall = (...args: string[]): Promise<{ code: number; out: string; err: string }> =>
    new Promise((resolve) => {
      const env = { PATH: process.env["PATH"], ROLLCALL_URL: bench.url };
      execFile(process.execPath, [PROGRAM, ...args], { env }, (error, out, err) =>
        resolve({ code: error ? Number(error.code) : 0, out, err }),
      );
    });

  it("expire one by one when they are few", async () => {
    await register(well);
    await expect.poll(() => inState("ACTIVE"), WAIT).toEqual([...well].sort());
    await register(few);
    await expect.poll(() => inState("LIVENESS_EXPIRED"), WAIT).toEqual(few);
    expect(await holds()).toEqual([]);
    expect((await rollcall("hold", "list")).out).toBe("no holds\n");
  });

  it("are held when they are many; every interface reports it, and other work continues", async () => {
    await register(many);
    await expect.poll(holds, WAIT).toMatchObject([{ subject: "ACTIVE", kind: "expiry", in_force: true }]);
    await expect
      .poll(() => metric('rollcall_expiry_held_entities{domain="registration",state="ACTIVE"} 12'), WAIT)
      .toBe(true);
    expect(await metric('rollcall_trouble{domain="registration",code="EXPIRY_HELD"} 1')).toBe(true);
    expect(await inState("LIVENESS_EXPIRED")).toEqual(few);
    const ready = await bench.ask("/health/ready");
    expect(ready).toMatchObject({
      status: 200,
      body: { troubles: [{ code: "EXPIRY_HELD", domain: "registration", subject: "ACTIVE" }] },
    });
    const doctor = await rollcall("doctor");
    expect(doctor).toMatchObject({ code: 1, out: expect.stringMatching(/FINDING +EXPIRY_HELD/) });
    expect((await rollcall("hold", "list")).out).toMatch(/registration +ACTIVE +expiry +\d+ of \d+/);
    beating.add("newcomer");
    await register(["newcomer"]);
    await expect.poll(() => inState("ACTIVE"), WAIT).toEqual([...well, ...many, "newcomer"].sort());
  });

  it("stay when they come back during the hold", async () => {
    const [back] = many as [string];
    beating.add(back);
    await expect
      .poll(() => metric('rollcall_expiry_held_entities{domain="registration",state="ACTIVE"} 11'), WAIT)
      .toBe(true);
  });

  it("expire when an operator releases the hold, whose reason is stored; the others stay", async () => {
    expect(await rollcall("hold", "release", "registration", "PENDING_REGISTRATION")).toMatchObject({ code: 1 });
    const ofAnother = "/api/v1/holds/another/ACTIVE/release";
    expect((await bench.ask(ofAnother, { method: "POST" })).status).toBe(404);
    const word = ["--reason", "the hall is dark", "--by", "ann"];
    const released = await rollcall("hold", "release", "registration", "ACTIVE", ...word);
    expect(released).toMatchObject({ code: 0, out: "expiry of ACTIVE released: the hall is dark\n" });
    await expect.poll(() => inState("LIVENESS_EXPIRED"), WAIT).toEqual([...few, ...many.slice(1)].sort());
    expect(await inState("ACTIVE")).toEqual([...well, many[0], "newcomer"].sort());
    expect(await holds()).toMatchObject([
      { in_force: false, released_by: "ann (address 127.0.0.1)", reason: "the hall is dark" },
    ]);
    expect(await bench.system.store.query("select who, reason, subject from rollcall.operator_decision")).toEqual([
      { who: "ann (address 127.0.0.1)", reason: "the hall is dark", subject: "ACTIVE" },
    ]);
    const again = await rollcall("hold", "release", "registration", "ACTIVE");
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining("not held") });
    expect((await rollcall("doctor")).code).toBe(0);
  });
});
