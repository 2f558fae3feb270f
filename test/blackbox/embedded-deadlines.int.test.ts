import { afterAll, beforeAll, describe, it } from "vitest";
import { contractsCopy } from "./contracts-copy.ts";
import { EmbeddedWorld } from "./embedded-world.ts";
import { deadlineScenarios, SHORT_DEADLINES } from "./scenarios/deadlines.ts";
import { expectPromisesKept } from "./settled.ts";

describe("deadlines, embedded", () => {
  const contracts = contractsCopy(...SHORT_DEADLINES);
  let world: EmbeddedWorld;

  beforeAll(async () => {
    world = await EmbeddedWorld.create({ contractsDir: contracts.dir });
  });
  afterAll(async () => {
    await world.close();
    contracts.remove();
  });

  deadlineScenarios(() => world);

  it("has kept every promise to all of these nodes", () => expectPromisesKept(world));
});
