import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EmbeddedWorld } from "./registration/embedded-world.ts";
import { registrationScenarios } from "./registration/scenarios/registration.ts";
import { expectPromisesKept } from "./registration/settled.ts";
import { TestNode } from "./registration/test-node.ts";

describe("a registration, embedded", () => {
  let world: EmbeddedWorld;

  beforeAll(async () => {
    world = await EmbeddedWorld.create();
  });
  afterAll(() => world.close());

  registrationScenarios(() => world);

  it.concurrent("answers with the outcome when a node's introspection asks for it", async () => {
    const node = new TestNode(world, "waits-for-it");
    const payload = { node_id: "waits-for-it", node_type: "effect" };
    const answer = post("/api/v1/events?wait=active&timeout=30s", { payload_type: "NodeIntrospectionEvent", payload });
    await node.answerAcceptance();
    const { status, body } = await answer;
    expect(status).toBe(200);
    expect(body).toMatchObject({ node_id: "waits-for-it", state: "ACTIVE", attempt: 1 });
    await node.untilState("ACTIVE");
  });

  it.concurrent("refuses over HTTP what would become a dead letter, with a problem that names the field", async () => {
    const { status, body } = await post("/api/v1/events", {
      payload_type: "NodeIntrospectionEvent",
      payload: { node_id: "../../x", node_type: "nonsense" },
    });
    expect(status).toBe(400);
    expect(body).toMatchObject({
      code: "INVALID_PAYLOAD",
      errors: [
        expect.objectContaining({ pointer: "/payload/node_id" }),
        expect.objectContaining({ pointer: "/payload/node_type" }),
      ],
    });
  });

  async function post(path: string, event: object): Promise<{ readonly status: number; readonly body: unknown }> {
    const answer = await fetch(`${world.url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(event),
    });
    return { status: answer.status, body: await answer.json() };
  }

  it("has kept every promise to all of these nodes", () => expectPromisesKept(world));
});
