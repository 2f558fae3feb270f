import { afterAll, beforeAll, expect, it } from "vitest";
import { describeReal } from "../real/services/describe-real.ts";
import { startConsul, stopConsul } from "../real/services/services.ts";
import { contractsCopy } from "./registration/contracts-copy.ts";
import { RealWorld } from "./registration/real-world.ts";
import { expectPromisesKept } from "./registration/settled.ts";
import { TestNode } from "./registration/test-node.ts";

describeReal("a process whose services fail", (services) => {
  const contracts = contractsCopy(["effects", "reset_timeout: 5s", "reset_timeout: 1s"]);
  let world: RealWorld;

  beforeAll(async () => {
    world = await RealWorld.create(services, { contractsDir: contracts.dir });
  });
  afterAll(async () => {
    await startConsul();
    await world.close();
    contracts.remove();
  });

  it("keeps Postgres' success while Consul is down, and accepts when Consul is up again", async () => {
    const waiting = new TestNode(world, "waiting");
    const active = new TestNode(world, "active-before");
    const leaving = new TestNode(world, "leaving-meanwhile");
    await Promise.all([active.becomeActive(), leaving.becomeActive()]);
    await stopConsul();
    await waiting.introspect();
    await waiting.untilRow({ status: "PENDING_REGISTRATION" });
    await leaving.deregister();
    await leaving.until("NodeDeregistered");
    await active.heartbeat();
    expect(await waiting.registration()).toMatchObject({ state: "PENDING_REGISTRATION", reducer_state: "partial" });
    const row = await world.row("waiting");
    const early = await waiting.ack({});
    expect(await waiting.untilJournaled(early)).toMatchObject({ reason: "too early: not accepted yet" });
    // What the catalog answered is cached for two seconds.
    await expect.poll(async () => (await fetch(`${world.url}/health/ready`)).status, { timeout: 10_000 }).toBe(503);

    await startConsul();
    await waiting.answerAcceptance();
    await waiting.untilInCatalog({ passing: true });
    await leaving.untilInCatalog("absent");
    expect(await waiting.types()).toEqual(["Initiated", "Accepted", "AckReceived", "BecameActive"]);
    expect(row?.version).toBe(1);
  });

  it("has kept every promise to all of these nodes", () => expectPromisesKept(world));
});
