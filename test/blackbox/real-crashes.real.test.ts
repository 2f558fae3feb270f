import { expect, it } from "vitest";
import { describeReal } from "../real/services/describe-real.ts";
import { contractsCopy, deadlinesOf } from "./contracts-copy.ts";
import { RealWorld } from "./real-world.ts";
import { expectPromisesKept } from "./settled.ts";
import { TestNode } from "./test-node.ts";

/** Crash points of reliability.md at which the process is killed, as kill -9 does it. */
const POINTS = {
  C1: "after receiving, before the transaction",
  C2: "inside the transaction",
  C3: "when the commit was sent and its answer is lost",
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

  it.concurrent(
    "while a node's ACK is on its way counts the ACK that lay in the log in time, however late it is read",
    async () => {
      // Shorter than the time until another process has the partitions.
      const contracts = contractsCopy(...deadlinesOf("10s", "10m"));
      const world = await RealWorld.create(services, { contractsDir: contracts.dir });
      try {
        const node = new TestNode(world, "node");
        const mute = new TestNode(world, "mute");
        await Promise.all([node.introspect(), mute.introspect()]);
        await Promise.all([node, mute].map((each) => each.until("NodeRegistrationAccepted")));
        await world.kill();
        await node.ack();
        await world.start();
        await node.until("NodeBecameActive");
        expect(node.types()).toEqual(FIRST_LIFE);
        await mute.until("NodeRegistrationAckTimedOut");
        await expectPromisesKept(world);
      } finally {
        await world.close();
        contracts.remove();
      }
    },
  );
});
