import { afterAll, beforeAll, describe, it } from "vitest";
import { EmbeddedWorld } from "./embedded-world.ts";
import { registrationScenarios } from "./scenarios/registration.ts";
import { expectPromisesKept } from "./settled.ts";

describe("a registration, embedded", () => {
  let world: EmbeddedWorld;

  beforeAll(async () => {
    world = await EmbeddedWorld.create();
  });
  afterAll(() => world.close());

  registrationScenarios(() => world);

  it("has kept every promise to all of these nodes", () => expectPromisesKept(world));
});
