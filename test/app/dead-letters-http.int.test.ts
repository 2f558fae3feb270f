import { afterAll, beforeAll, expect, it } from "vitest";
import type { DeadLetter } from "../../app/http/dead-letters/dead-letters.ts";
import { HttpBench, lasting } from "./registration/http-bench.ts";

let bench: HttpBench;
beforeAll(async () => {
  bench = await HttpBench.open(lasting);
});
afterAll(() => bench.close());

interface Page {
  readonly items: readonly DeadLetter[];
}
const letters = async (query: string) => (await bench.ask<Page>(`/api/v1/dead-letters?limit=500&${query}`)).body.items;
const words = () =>
  bench.system.store.query<{ command: string; subject: string; who: string; reason: string | null }>(
    `select command, subject, who, reason from rollcall.operator_decision order by at, command`,
  );
const retry = (body: unknown, query = "") =>
  bench.ask(`/api/v1/dead-letters/retry${query}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

/** Publishes bytes that can't be processed, and waits until they are dead letters. */
async function spoil(type: string, values: readonly string[]): Promise<string> {
  const topic = bench.system.domain.consumed.find((each) => each.type === type)?.topic ?? "";
  const before = (await letters(`topic=${topic}`)).length;
  await bench.system.bus.publish(
    values.map((value) => ({ topic, partition: 0, key: null, value: Buffer.from(value), headers: {} })),
    { timeoutMs: 10_000 },
  );
  await expect.poll(async () => (await letters(`topic=${topic}`)).length).toBe(before + values.length);
  return topic;
}

it("are retried by code and topic, each once; one that fails again is a new dead letter", async () => {
  const topic = await spoil(
    "NodeHeartbeatEvent",
    Array.from({ length: 60 }, (_, index) => `no json ${index}`),
  );
  const other = await spoil("NodeDeregister", ["{"]);
  const { status, body } = await retry({ code: "MALFORMED_JSON", topic }, "?reason=fixed");
  expect([status, body["retried"]]).toEqual([200, 60]);
  await expect.poll(async () => (await letters(`topic=${topic}&retried=false`)).length).toBe(60);
  expect((await letters(`topic=${topic}&retried=true`)).length).toBe(60);
  expect((await letters(`topic=${other}&retried=true`)).length).toBe(0);
  expect(await words()).toMatchObject([
    {
      command: "dead letter retry: all",
      subject: `MALFORMED_JSON of ${topic}`,
      who: "address 127.0.0.1",
      reason: "fixed",
    },
  ]);
});

it("are not touched by a retry that matches none, or whose body is invalid", async () => {
  const before = await letters("retried=false");
  expect((await retry({ code: "NO_SUCH_CODE" })).body).toEqual({ retried: 0, left: 0 });
  expect((await retry({ codes: "MALFORMED_JSON" })).status).toBe(400);
  expect(await letters("retried=false")).toEqual(before);
});

it("are dropped and retried with a recorded decision that describes them and has the reason", async () => {
  const topic = await spoil("NodeRegistrationAcked", ["[]", "x"]);
  const [one, two] = await letters(`topic=${topic}`);
  const path = (id: string | undefined) => `/api/v1/dead-letters/${id}`;
  expect((await bench.ask(`${path(one?.id)}/retry?reason=sent+again`, { method: "POST" })).status).toBe(202);
  expect((await bench.ask(`${path(two?.id)}?reason=of+no+use`, { method: "DELETE" })).status).toBe(204);
  expect((await bench.ask(`${path(two?.id)}?reason=`, { method: "DELETE" })).status).toBe(400);
  expect((await words()).slice(-2)).toMatchObject([
    {
      command: "dead letter retry",
      subject: expect.stringContaining(`${one?.id} ${one?.code} ${topic}`),
      reason: "sent again",
    },
    {
      command: "dead letter drop",
      subject: expect.stringContaining(`${two?.id} ${two?.code} ${topic}`),
      reason: "of no use",
    },
  ]);
});
