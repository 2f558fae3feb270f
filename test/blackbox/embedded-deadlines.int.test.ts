import { afterAll, beforeAll, describe, it } from "vitest";
import { contractsCopy } from "./registration/contracts-copy.ts";
import { EmbeddedWorld } from "./registration/embedded-world.ts";
import { deadlineScenarios, SHORT_DEADLINES } from "./registration/scenarios/deadlines.ts";
import { expectPromisesKept } from "./registration/settled.ts";

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
