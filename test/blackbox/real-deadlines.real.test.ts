import { afterAll, beforeAll, expect, it } from "vitest";
import { describeReal } from "../real/services/describe-real.ts";
import { contractsCopy } from "./registration/contracts-copy.ts";
import { RealWorld } from "./registration/real-world.ts";
import { deadlineScenarios, SHORT_DEADLINES } from "./registration/scenarios/deadlines.ts";
import { expectPromisesKept } from "./registration/settled.ts";

describeReal("deadlines on Kafka, Postgres and Consul", (services) => {
  const contracts = contractsCopy(...SHORT_DEADLINES, [
    "orchestrator",
    "onex.evt.node-registration-ack-timed-out.v1",
    "onex.evt.node-did-not-answer.v1",
  ]);
  let world: RealWorld;

  beforeAll(async () => {
    world = await RealWorld.create(services, {
      contractsDir: contracts.dir,
      moreOutputs: ["evt.node-did-not-answer"],
    });
  });
  afterAll(async () => {
    await world.close();
    contracts.remove();
  });

  deadlineScenarios(() => world);

  it("has published to the topic that the edited contract names", () => {
    expect(world.logged(world.topic("evt.node-did-not-answer")).map(({ key }) => String(key))).toContain("mute");
    expect(world.logged(world.topic("evt.node-registration-ack-timed-out"))).toEqual([]);
  });

  it("has kept every promise to all of these nodes", () => expectPromisesKept(world));
});
