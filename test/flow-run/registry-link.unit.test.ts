import { describe, expect, it } from "vitest";
import { type LinkWorld, RegistryLink } from "../../app/modules/flow-run/registries/registry-link.ts";

interface Asked {
  readonly at: number;
  readonly call: string;
  readonly body: Readonly<Record<string, unknown>>;
}
type Answer = { readonly status: number; readonly body?: object; readonly retryAfterMs?: number } | Error;

const LISTED = {
  status: 200,
  body: { name: "n", flows: ["p"], rejected: [], warnings: [], lease: { ttl_seconds: 300 } },
};
const BEAT = { status: 200, body: { lease: { ttl_seconds: 300 } } };
const FLOW = { path: "p", name: "P", source: "s", description: "d", author: "a", organization: "o" };
const FLOWS = [{ ...FLOW, published: "p", release: "r" }];

/** A link whose time is moved, until so many calls were answered. */
async function link(answer: (call: string, nth: number) => Answer, calls: number, random = 0.5) {
  let now = 0;
  const asked: Asked[] = [];
  const said: string[] = [];
  const world: LinkWorld = {
    ask(method, path, body) {
      const call = `${method} ${path}`;
      asked.push({ at: now, call, body: body as Asked["body"] });
      const given = call.endsWith("/disconnect") ? { status: 200, body: {} } : answer(call, asked.length);
      if (given instanceof Error) return Promise.reject(given);
      return Promise.resolve({ status: given.status, body: given.body ?? {}, retryAfterMs: given.retryAfterMs });
    },
    pause: (ms) => {
      now += ms;
      return Promise.resolve();
    },
    ...{ random: () => random, nowMs: () => now, isStopping: () => asked.length >= calls },
    say: (line) => void said.push(line),
  };
  const made = new RegistryLink(world, { url: "http://r", node: "n", flows: FLOWS }, () => ({ runs: 2 }));
  await made.run();
  const waits = asked.map(({ at }, index) => at - (asked[index - 1]?.at ?? 0));
  return { asked, calls: asked.map(({ call }) => call), waits, said, status: made.status };
}

describe("a link to a registry", () => {
  it("connects with its flows, beats by the lease, and says goodbye", async () => {
    const { asked, calls, waits } = await link((call) => (call === "POST /connect" ? LISTED : BEAT), 3);
    expect(calls).toEqual(["POST /connect", "PUT /state", "PUT /state", "POST /disconnect"]);
    expect(asked[0]?.body).toEqual({ node: "n", flows: FLOWS });
    expect(asked[1]?.body).toEqual({ runs: 2, node: "n" });
    expect(waits).toEqual([2_500, 90_000, 90_000, 90_000]);
  });

  it("spreads its start and its beats", async () => {
    const answer = (call: string): Answer => (call === "POST /connect" ? LISTED : BEAT);
    expect((await link(answer, 2, 0)).waits.slice(0, 2)).toEqual([0, 80_000]);
    const [first, second] = (await link(answer, 2, 0.999)).waits;
    expect(first).toBeGreaterThan(4_900);
    expect(second).toBeGreaterThan(99_000);
  });

  it("waits twice as long after each failure, up to a minute, and after one answered beat begins anew", async () => {
    const { waits, said, status } = await link((call, nth) => {
      if (nth < 10) return new Error("HTML");
      if (nth === 12) return new Error("away");
      return call === "POST /connect" ? LISTED : BEAT;
    }, 13);
    expect(waits.slice(1, 10)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    expect(waits[12]).toBe(500);
    expect(said.slice(0, 2)).toEqual([
      "registry http://r: away: HTML",
      "registry http://r: connected: 1 of 1 flows are listed",
    ]);
    expect(status.state).toBe("connected");
  });

  it("does not count a connect as alive: one that answers it and no beat is waited for longer and longer", async () => {
    const { waits } = await link((call) => (call === "POST /connect" ? LISTED : new Error("away")), 8);
    const backOffs = waits.filter((_, index) => index >= 2 && index % 2 === 0);
    expect(backOffs).toEqual([500, 1_000, 2_000, ...(backOffs.length > 3 ? [4_000] : [])]);
  });

  it("keeps Retry-After", async () => {
    const { waits } = await link(() => ({ status: 503, retryAfterMs: 30_000 }), 2);
    expect(waits[1]).toBe(30_500);
  });

  it("that is not admitted asks again in minutes only, and says what to do", async () => {
    const { waits, status, said } = await link(() => ({ status: 403, body: { detail: "not registered" } }), 3);
    expect(waits.slice(1, 3)).toEqual([300_000, 300_000]);
    expect(status).toMatchObject({ state: "refused", detail: expect.stringContaining("has to admit this node") });
    expect(said).toHaveLength(1);
  });

  it.each([404, 409])("that the registry does not know any more (%i) connects again at once", async (status) => {
    const { calls, waits } = await link(
      (call, nth) => (call === "POST /connect" ? LISTED : nth === 2 ? { status } : BEAT),
      4,
    );
    expect(calls.slice(0, 4)).toEqual(["POST /connect", "PUT /state", "POST /connect", "PUT /state"]);
    expect(waits[2]).toBe(0);
  });

  it("takes no answer for one that lists no flows", async () => {
    const { status } = await link(() => ({ status: 200, body: { ok: true } }), 2);
    expect(status).toMatchObject({ state: "away", detail: expect.stringContaining("no flow registry") });
  });
});
