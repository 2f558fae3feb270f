import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type {
  RegistrationExplanation,
  RegistrationTimelineItem as TimelineItem,
} from "../../app/modules/registration/registration-view.ts";
import { createHttpServer } from "../../app/http/server/http-server.ts";
import { wrapped } from "../wrapped.ts";
import { failing } from "./failing-effect.ts";
import { HttpBench, lasting } from "./registration/http-bench.ts";

let bench: HttpBench;
beforeAll(async () => {
  bench = await HttpBench.open(lasting);
});
afterAll(() => bench.close());

const retry = (nodeId: string, body: object = { reason: "the backend is well again" }) =>
  bench.ask(`/api/v1/registrations/${nodeId}/retry`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
const words = (nodeId: string) =>
  bench.system.store.query<{ command: string; who: string; reason: string }>(
    `select command, who, reason from rollcall.operator_decision where subject = $1`,
    [nodeId],
  );

describe("a retry by an operator", () => {
  it("republishes the introspection of an ended attempt, and a new attempt begins", async () => {
    await bench.activeNode("ended-1", { capabilities: ["a.b"], epoch: 3, custom: { deep: [1] } });
    const before = await bench.ask("/api/v1/registrations/ended-1");
    await bench.publish("NodeDeregister", { node_id: "ended-1" });
    await bench.until("ended-1", "DEREGISTERED");
    const { status, body } = await retry("ended-1");
    expect([status, body["intents"]]).toEqual([202, 0]);
    const after = await bench.until("ended-1", "AWAITING_ACK");
    expect(after.body).toMatchObject({ attempt: 2 });
    const told = ({ node }: Record<string, unknown>) => ({ ...(node as object), introspected_at: "" });
    expect(told(after.body)).toEqual(told(before.body));
    const { body: timeline } = await bench.ask<{ items: object[] }>("/api/v1/registrations/ended-1/timeline");
    expect(timeline.items).toContainEqual(
      expect.objectContaining({ type: "NodeIntrospectionEvent", message_id: body["message_id"] }),
    );
    expect(await words("ended-1")).toEqual([
      { command: "registration retry: introspection", who: "address 127.0.0.1", reason: "the backend is well again" },
    ]);
  });

  it("tries pending intents at once", async () => {
    await failing(bench.system, "consul.register", async () => {
      await bench.publish("NodeIntrospectionEvent", { node_id: "waits-1", node_type: "effect" });
      const waits = async () => (await bench.ask("/api/v1/registrations/waits-1")).body["reducer_state"];
      await expect.poll(waits).toBe("partial");
      const failed = {
        type: "consul.register",
        tries: [expect.objectContaining({ code: "UNAVAILABLE", error: "down" })],
      };
      expect((await bench.ask("/api/v1/registrations/waits-1/explanation")).body["intents"]).toContainEqual(
        expect.objectContaining(failed),
      );
    });
    const { status, body } = await retry("waits-1");
    expect([status, body]).toEqual([202, { message_id: null, intents: 1 }]);
    await bench.until("waits-1", "AWAITING_ACK");
    expect(await words("waits-1")).toMatchObject([{ command: "registration retry: intents" }]);
    const { body: timeline } = await bench.ask<{ items: TimelineItem[] }>("/api/v1/registrations/waits-1/timeline");
    const told = timeline.items.filter(({ tries }) => tries.length > 0);
    expect(told).toMatchObject([
      {
        note: "done after 1 failed tries",
        tries: [{ code: "UNAVAILABLE", error: "down" }, { ms: expect.any(Number) }],
      },
    ]);
  });

  it("is refused when nothing failed, and no decision is recorded", async () => {
    await bench.activeNode("well-1");
    // What its last intents did is stored a moment later.
    await expect
      .poll(() => retry("well-1"), { timeout: 10_000 })
      .toMatchObject({ status: 409, body: { detail: "well-1 is ACTIVE: there is nothing to retry" } });
    expect(await words("well-1")).toEqual([]);
  });

  it("is refused for an unknown node, and without a reason", async () => {
    expect((await retry("nobody")).status).toBe(404);
    for (const body of [{}, { reason: "" }, { reason: 5 }, { reason: "x".repeat(1_025) }])
      expect(await retry("ended-1", body)).toMatchObject({ status: 400, body: { errors: [{ pointer: "/reason" }] } });
  });
});

describe("an explanation", () => {
  it("knows pending intents in a process that does not own the node's partition", async () => {
    await failing(bench.system, "consul.register", async () => {
      await bench.publish("NodeIntrospectionEvent", { node_id: "waits-2", node_type: "effect" });
      const elsewhere = createHttpServer(
        bench.changedHost({ runtime: wrapped(bench.system.runtime, { triesOf: () => new Map() }) }),
      );
      const url = await elsewhere.listen({ host: "127.0.0.1", port: 0 });
      const told = async () =>
        (await bench.ask<RegistrationExplanation>("/api/v1/registrations/waits-2/explanation", {}, url)).body.intents
          .filter(({ status }) => status === "pending")
          .map(({ type, tries }) => [type, tries[0]?.code]);
      await expect.poll(told, { timeout: 10_000 }).toEqual([["consul.register", "UNAVAILABLE"]]);
      // As it was before a call failed: there is only its line.
      await bench.system.store.query("delete from rollcall.intent");
      expect(await told()).toEqual([["consul.register", undefined]]);
      await elsewhere.close();
    });
  });
});
