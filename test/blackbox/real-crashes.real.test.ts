import { expect, it } from "vitest";
import { describeReal } from "../real/services/describe-real.ts";
import { RealWorld } from "./real-world.ts";
import { expectPromisesKept } from "./settled.ts";
import { TestNode } from "./test-node.ts";

/** Crash points of reliability.md at which the process is killed, as kill -9 does it. */
const POINTS = {
  C1: "after receiving, before the transaction",
  C2: "inside the transaction",
  C4: "after the commit, before the bus knows the offset",
  C5: "after the commit, before the publish",
  C6: "after the publish, before the cursor is stored",
  C8: "when intents are durable and no effect has begun",
  C9: "when one effect is done and its outcome is not stored",
} as const;
const FIRST_LIFE = ["Initiated", "Accepted", "AckReceived", "BecameActive"];

describeReal("a process that is killed, on Kafka, Postgres and Consul", (services) => {
  it.concurrent.each(Object.entries(POINTS))("at %s, %s, is taken up by the next one", async (point) => {
    const world = await RealWorld.create(services, { first: { ROLLCALL_FAILPOINT: `${point}:exit` } });
    try {
      const node = new TestNode(world, "node");
      const beside = new TestNode(world, "beside");
      await Promise.all([node.introspect(), beside.introspect()]);
      expect(await world.ended()).toMatchObject({ signal: "SIGKILL" });
      await world.start();
      await Promise.all([node.answerAcceptance(), beside.answerAcceptance()]);
      for (const each of [node, beside]) {
        expect(each.types()).toEqual(FIRST_LIFE);
        await each.untilInCatalog({ passing: true });
      }
      await expectPromisesKept(world);
    } finally {
      await world.close();
    }
  });
});
