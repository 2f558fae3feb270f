import { afterAll, beforeAll, expect, it } from "vitest";
import { v4 } from "uuid";
import { describeReal } from "../real/services/describe-real.ts";
import { RealWorld } from "./registration/real-world.ts";
import { registrationScenarios } from "./registration/scenarios/registration.ts";
import { expectPromisesKept } from "./registration/settled.ts";
import { TestNode } from "./registration/test-node.ts";

describeReal("a registration on Kafka, Postgres and Consul", (services) => {
  let world: RealWorld;

  beforeAll(async () => {
    world = await RealWorld.create(services);
    // A constraint that an operator has added to the table, for a name of this test alone.
    await world.query(
      `alter table rollcall.node_registrations add constraint no_such_name check (node_name <> 'refused by postgres')`,
    );
  });
  afterAll(() => world.close());

  registrationScenarios(() => world);

  it.concurrent("rejects a node whose row Postgres refuses, and removes it from Consul", async () => {
    const refused = new TestNode(world, "row-refused");
    const beside = new TestNode(world, "row-beside");
    await Promise.all([refused.introspect({ node_name: "refused by postgres" }), beside.introspect()]);
    const rejected = await refused.until("NodeRegistrationRejected");
    expect(rejected.payload["failed_backends"]).toEqual([
      expect.objectContaining({ backend: "postgres", error_code: "POSTGRES_REFUSED" }),
    ]);
    await refused.untilInCatalog("absent");
    expect(await world.row("row-refused")).toBeUndefined();
    expect((await refused.untilState("REJECTED")).reducer_state).toBe("idle");
    await beside.answerAcceptance();
    await refused.becomeActive();
    await refused.untilRow({ status: "ACTIVE" });
  });

  it.concurrent("rejects a node that both backends refuse, once", async () => {
    const refused = new TestNode(world, "both-refuse");
    await refused.introspect({ node_name: "refused by postgres", endpoints: ["http://0.0.0.0:8080"] });
    await refused.until("NodeRegistrationRejected");
    await refused.untilInCatalog("absent");
    await refused.introspect({ node_name: "refused by postgres", endpoints: ["http://0.0.0.0:8080"] });
    await refused.until("NodeRegistrationRejected", 2);
    expect(await refused.types()).toEqual(["Initiated", "Rejected", "Initiated", "Rejected"]);
    expect(await world.row("both-refuse")).toBeUndefined();
  });

  it.concurrent(
    "keeps one backend's success while the other is blocked, and treats an ACK then as too early",
    async () => {
      const held = new TestNode(world, "held-up");
      await world.withConnection(async (client) => {
        await client.query("begin");
        // Its row exists in an open transaction, so nobody else can write it.
        await client.query(
          `insert into rollcall.node_registrations (node_id, node_type, node_version, endpoints, capabilities, metadata,
           status, registration_attempt_id, correlation_id, version)
         values ('held-up', 'effect', '0.0.0', '{}', '[]', '{}', 'X', $1, $1, 0)`,
          [v4()],
        );
        await held.introspect();
        await held.untilInCatalog({ passing: false });
        const early = await held.ack({});
        expect(await held.untilJournaled(early)).toMatchObject({ reason: "too early: not accepted yet" });
        expect(await held.registration()).toMatchObject({ state: "PENDING_REGISTRATION", reducer_state: "partial" });
        await client.query("rollback");
      });
      await held.answerAcceptance();
      expect(await held.types()).toEqual(["Initiated", "Accepted", "AckReceived", "BecameActive"]);
    },
  );

  it("has kept every promise to all of these nodes", () => expectPromisesKept(world));
});
