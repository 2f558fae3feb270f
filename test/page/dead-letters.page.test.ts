import { afterAll, beforeAll, expect, it } from "vitest";
import { partitionOf } from "../../runtime/core/murmur2.ts";
import { HttpBench } from "../app/registration/http-bench.ts";
import { describePage } from "./describe-page.ts";
import { type PageSession, openPage } from "./page-session.ts";

const PATIENCE = { timeout: 60_000 };

describePage("the page of dead letters", (browser) => {
  let bench: HttpBench;
  let seen: PageSession;
  beforeAll(async () => {
    bench = await HttpBench.open();
    await bench.publish("NodeIntrospectionEvent", { node_id: "astray-1", node_type: "effect" });
    await bench.until("astray-1", "AWAITING_ACK");
    await ackInTheWrongPartition("astray-1");
    seen = await openPage(browser(), bench.url, "/dead-letters");
  });
  afterAll(async () => {
    await seen?.close();
    await bench?.close();
  });

  /** A copy that was repartitioned once and is in a wrong partition again. `retry` removes the header for that. */
  async function ackInTheWrongPartition(nodeId: string): Promise<void> {
    const { bus, domain, runtime } = bench.system;
    const topic = domain.consumed.find(({ type }) => type === "NodeRegistrationAcked")?.topic ?? "";
    const partition = (partitionOf(nodeId, 4) + 1) % 4;
    const headers = {
      "rollcall-repartitioned": "0",
      "rollcall-broker-time": String(Math.floor(runtime.brokerTimeMs) - 1_000),
    };
    const value = Buffer.from(JSON.stringify({ node_id: nodeId }));
    await bus.publish([{ topic, partition, key: Buffer.from(nodeId), value, headers }], { timeoutMs: 30_000 });
  }

  it("shows why a message was not processed; after a retry its node becomes ACTIVE", async () => {
    const { page } = seen;
    expect((await bench.ask("/api/v1/registrations/astray-1")).body["state"]).toBe("AWAITING_ACK");
    const letter = page.getByRole("listitem").filter({ hasText: "MISROUTED" });
    await expect.poll(async () => (await letter.count()) || (await page.reload(), 0), PATIENCE).toBe(1);
    await letter.getByText("a repartitioned copy of astray-1").click();
    await letter.getByRole("button", { name: "Retry", exact: true }).click();
    await letter.getByLabel(/^Reason/).fill("the proxy is repaired");
    await letter.getByRole("button", { name: "Retry now" }).click();
    await bench.until("astray-1", "ACTIVE");
    await letter.getByText("retried", { exact: true }).waitFor(PATIENCE);
    await seen.open("/nodes");
    await page.getByRole("row").filter({ hasText: "astray-1" }).getByText("ACTIVE", { exact: true }).waitFor(PATIENCE);
    expect(seen.problems).toEqual([]);
  });
});
