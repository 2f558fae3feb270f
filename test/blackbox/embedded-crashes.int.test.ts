import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contractsCopy, deadlinesOf } from "./registration/contracts-copy.ts";
import { EmbeddedWorld } from "./registration/embedded-world.ts";
import { expectPromisesKept } from "./registration/settled.ts";
import { TestNode } from "./registration/test-node.ts";

/** In the order in which a registration comes by them. */
const POINTS = ["C1", "C4", "C5", "C8", "C9"] as const;
const LIVENESS_MS = 4_000;

describe("a process that is killed, embedded", () => {
  const contracts = contractsCopy(...deadlinesOf("30s", `${LIVENESS_MS}ms`));
  let world: EmbeddedWorld;

  beforeAll(async () => {
    world = await EmbeddedWorld.create({ contractsDir: contracts.dir, first: { ROLLCALL_FAILPOINT: "C1:exit" } });
  });
  afterAll(async () => {
    await world.close();
    contracts.remove();
  });

  it("at each crash point in turn, in the middle of its recovery, loses nothing and repeats nothing", async () => {
    const nodes: TestNode[] = [];
    const unanswered = new Set<TestNode>();
    for (const [index] of POINTS.entries()) {
      const node = new TestNode(world, `killed-${index}`);
      nodes.push(node);
      // What the process before left undone may bring this one to its point before it has answered the node.
      await node.introspect().catch(() => unanswered.add(node));
      expect(await world.ended()).toMatchObject({ signal: "SIGKILL" });
      const next = POINTS[index + 1];
      await world.start(next === undefined ? {} : { ROLLCALL_FAILPOINT: `${next}:exit` });
    }
    // A node that gets no answer says it again.
    await Promise.all([...unanswered].map((node) => node.introspect()));
    await Promise.all(nodes.map((node) => node.answerAcceptance()));
    for (const node of nodes)
      expect((await node.types()).slice(0, 4)).toEqual(["Initiated", "Accepted", "AckReceived", "BecameActive"]);
  }, 120_000);

  it("does not count the time that it was down against a node", async () => {
    const patient = new TestNode(world, "patient");
    await patient.becomeActive();
    await world.kill();
    await sleep(LIVENESS_MS);
    await world.start();
    await patient.heartbeat();
    await sleep(1_000);
    expect((await patient.types()).at(-1)).toBe("BecameActive");
    expect((await patient.registration()).state).toBe("ACTIVE");
    await patient.until("NodeLivenessExpired");
  });

  it("has kept every promise to all of these nodes", () => expectPromisesKept(world));
});
