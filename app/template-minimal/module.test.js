// @ts-check
import assert from "node:assert/strict";
import test from "node:test";
import { testDomain } from "rollcall/testing";
import module, { AddItem } from "./module.js";

test("an item that is added is kept, with its owner", () => {
  const { state, data } = testDomain(module).when(AddItem.of({ item_id: "i-1", owner: "ann" }));
  assert.equal(state, "ADDED");
  assert.deepEqual(data, { owner: "ann" });
});
