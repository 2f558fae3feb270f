import { describe, expect, it } from "vitest";
import { NodeAgent, START_SPREAD_MS } from "../../app/modules/node-registry/agent/node-agent.ts";
import { gpusIn, ownIp } from "../../app/modules/node-registry/agent/machine.ts";
import type { JsonAnswer } from "../../client/json-request.ts";
import { MovedTime, seededRandom } from "./moved-time.ts";

const LEASE_SECONDS = 90;
const MINUTE_MS = 60_000;
const GRANTED = { node_id: "n1", status: "online", lease: { ttl_seconds: LEASE_SECONDS } };
const ok: JsonAnswer = { status: 200, body: GRANTED, retryAfterMs: undefined };
const refusal = (status: number, detail = "no"): JsonAnswer => ({ ...ok, status, body: { detail } });
const later = (status: number, seconds: number): JsonAnswer => ({ ...refusal(status), retryAfterMs: seconds * 1_000 });

interface Asked {
  readonly atMs: number;
  readonly what: string;
  readonly body: { readonly node_id?: string; readonly status?: string };
}
/** What the registry answers; an Error: none that can be believed. */
type Answer = (asked: Asked) => JsonAnswer | Error;

function agents(count: number, answer: Answer, { seed = 1, nodeId = undefined as string | undefined } = {}) {
  const time = new MovedTime();
  const random = seededRandom(seed);
  const asked: Asked[] = [];
  const said: string[] = [];
  const ids: string[] = [];
  let isStopping = false;
  const world = {
    post: (path: string, body: object) => {
      const each = { atMs: time.nowMs, what: path.split("/").at(-1) ?? "", body };
      asked.push(each);
      const answered = answer(each);
      return answered instanceof Error ? Promise.reject(answered) : Promise.resolve(answered);
    },
    pause: time.pause,
    random,
    isStopping: () => isStopping,
    say: (line: string) => void said.push(line),
  };
  const node = { hostname: "h", ip: "10.0.0.1", role: "r", labels: [], metadata: {}, node_id: nodeId };
  const all = Array.from(
    { length: count },
    () =>
      new NodeAgent(
        world,
        node,
        () => ({}),
        (id) => void ids.push(id),
      ),
  );
  const stop = (): void => void (isStopping = true);
  return { time, asked, said, ids, all, stop };
}

/** One daemon, which runs for so long. */
async function daemon(answer: Answer, minutes: number, nodeId?: string) {
  const one = agents(1, answer, { ...(nodeId !== undefined && { nodeId }) });
  void one.all[0]?.run();
  await one.time.runUntil(minutes * MINUTE_MS);
  return one;
}
const gaps = (asked: readonly Asked[]): readonly number[] =>
  asked.slice(1).map(({ atMs }, i) => atMs - (asked[i]?.atMs ?? 0));

describe("a daemon", () => {
  it("registers, keeps the id, and beats before a third of the lease is over", async () => {
    const { asked, ids, said } = await daemon(() => ok, 10);
    expect(asked[0]).toMatchObject({ what: "register", body: { hostname: "h", role: "r" } });
    expect(asked[0]?.body).not.toHaveProperty("node_id");
    expect(ids).toEqual(["n1"]);
    const beats = asked.slice(1);
    expect(beats.every(({ what, body }) => what === "heartbeat" && body.node_id === "n1")).toBe(true);
    expect(Math.min(...gaps(beats).slice(1))).toBeGreaterThanOrEqual(24_000);
    expect(Math.max(...gaps(beats))).toBeLessThanOrEqual(30_000);
    expect(said).toEqual(["alive as n1"]);
  });

  it("that is no longer known registers again, with the same id", async () => {
    let isForgotten = false;
    const { asked, time } = await daemon(({ what }) => {
      if (what === "register") isForgotten = false;
      return isForgotten ? refusal(404) : ok;
    }, 1);
    isForgotten = true;
    const before = asked.length;
    await time.runUntil(2 * MINUTE_MS);
    expect(asked.slice(before, before + 3).map(({ what, body }) => [what, body.node_id])).toEqual([
      ["heartbeat", "n1"],
      ["register", "n1"],
      ["heartbeat", "n1"],
    ]);
  });

  it("that is registered and still not known waits before it tries again", async () => {
    const { asked } = await daemon(({ what }) => (what === "register" ? ok : refusal(404)), 5);
    expect(asked.length).toBeLessThan(50);
  });

  it.each([403, 409, 400, 410])(
    "that is refused with %i asks only in minutes again, and says so once",
    async (status) => {
      const { asked, said } = await daemon(() => refusal(status, "taken by gpu-2"), 60);
      expect(asked.length).toBeGreaterThan(6);
      expect(asked.length).toBeLessThan(26);
      expect(said).toEqual([expect.stringMatching(/^refused, and asked again only in minutes: .*taken by gpu-2/)]);
    },
  );

  it.each([429, 503])("keeps the Retry-After of %i", async (status) => {
    const { asked } = await daemon(() => later(status, 120), 30);
    expect(Math.min(...gaps(asked))).toBeGreaterThanOrEqual(120_000);
    expect(asked.length).toBeGreaterThan(10);
  });

  it("waits longer each time, a third of the lease at most, and begins anew only after an answered beat", async () => {
    let isBack = false;
    const { asked, time } = await daemon(({ what }) => (isBack || what === "register" ? ok : new Error("<html>")), 10);
    const late = gaps(asked).filter((gap) => gap > 0);
    expect(late[0]).toBeLessThanOrEqual(500);
    expect(Math.min(...late.slice(8))).toBeGreaterThanOrEqual(15_000);
    expect(Math.max(...late)).toBeLessThanOrEqual(30_000);
    isBack = true;
    await time.runUntil(12 * MINUTE_MS);
    expect(asked.at(-1)?.what).toBe("heartbeat");
  });

  it("says goodbye when it is ended", async () => {
    const { asked, stop, time } = await daemon(() => ok, 1);
    stop();
    await time.runUntil(2 * MINUTE_MS);
    expect(asked.at(-1)).toMatchObject({ what: "heartbeat", body: { node_id: "n1", status: "offline" } });
  });

  it("goes on with the id that it was given", async () => {
    const { asked } = await daemon(() => ok, 1, "mine");
    expect(asked[0]?.body.node_id).toBe("mine");
  });
});

describe("a thousand daemons", () => {
  const COUNT = 1_000;
  const SLOT_MS = 100;
  /** The busiest slot of a time, beside the mean one. */
  function peak(asked: readonly Asked[], fromMs: number, ms: number): { readonly most: number; readonly mean: number } {
    const slots = new Map<number, number>();
    const within = asked.filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + ms);
    for (const { atMs } of within)
      slots.set(Math.floor(atMs / SLOT_MS), (slots.get(Math.floor(atMs / SLOT_MS)) ?? 0) + 1);
    return { most: Math.max(0, ...slots.values()), mean: within.length / (ms / SLOT_MS) };
  }

  it("that start at the same moment don't come at the same moment", async () => {
    const { all, asked, time } = agents(COUNT, () => ok);
    for (const agent of all) void agent.run();
    await time.runUntil(START_SPREAD_MS);
    const { most, mean } = peak(asked, 0, START_SPREAD_MS);
    expect(most).toBeLessThanOrEqual(3 * mean);
  });

  it("come back spread when the registry was away for three minutes, and within their lease", async () => {
    let isAway = false;
    const { all, asked, time } = agents(COUNT, () => (isAway ? new Error("connection refused") : ok));
    for (const agent of all) void agent.run();
    await time.runUntil(5 * MINUTE_MS);
    isAway = true;
    await time.runUntil(8 * MINUTE_MS);
    isAway = false;
    const backMs = time.nowMs;
    const thirdMs = (LEASE_SECONDS * 1_000) / 3;
    await time.runUntil(backMs + thirdMs);
    const { most, mean } = peak(asked, backMs, thirdMs);
    expect(most).toBeLessThanOrEqual(3 * mean);
    const back = asked.filter(({ atMs }) => atMs >= backMs);
    expect(back.length).toBeGreaterThanOrEqual(COUNT);
  });

  it("that were sent away for half a minute keep to it, and come back spread", async () => {
    let isBusy = false;
    const { all, asked, time } = agents(COUNT, () => (isBusy ? later(503, 30) : ok));
    for (const agent of all) void agent.run();
    await time.runUntil(2 * MINUTE_MS);
    isBusy = true;
    const fromMs = time.nowMs;
    await time.runUntil(fromMs + 30_000);
    expect(asked.filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + 30_000).length).toBeLessThanOrEqual(COUNT);
    isBusy = false;
    await time.runUntil(fromMs + 60_000);
    const { most, mean } = peak(asked, fromMs + 30_000, 30_000);
    expect(most).toBeLessThanOrEqual(3 * mean);
  });
});

describe("what is known of a machine", () => {
  const address = (text: string, more: object = {}) =>
    ({ address: text, family: text.includes(":") ? "IPv6" : "IPv4", internal: false, ...more }) as never;

  it("is its first address that others can use", () => {
    expect(ownIp({ lo: [address("127.0.0.1", { internal: true })] })).toBe("127.0.0.1");
    const eth = [address("fe80::1"), address("2001:db8::1"), address("10.0.0.7")];
    expect(ownIp({ lo: [address("127.0.0.1", { internal: true })], eth })).toBe("10.0.0.7");
    expect(ownIp({ eth: eth.slice(0, 2) })).toBe("2001:db8::1");
  });

  it("are the GPUs that nvidia-smi names", () =>
    expect(gpusIn("NVIDIA H100, 81559\nNVIDIA A2, Rev. B, 15356\nNo devices were found\n")).toEqual([
      { name: "NVIDIA H100", memory_mib: 81_559 },
      { name: "NVIDIA A2, Rev. B", memory_mib: 15_356 },
    ]));
});
