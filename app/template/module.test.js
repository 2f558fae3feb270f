// @ts-check
import assert from "node:assert/strict";
import test from "node:test";
import { testDomain } from "rollcall/testing";
import module from "./module.js";
import { AddItem, FinishItem } from "./shapes.js";

const added = AddItem.of({ item_id: "i-1", owner: "ann" });
const finished = FinishItem.of({ item_id: "i-1" });

test("an item that is added is open, and its owner gets a notice", () => {
  const { state, events, intents, deadlines } = testDomain(module).when(added);
  assert.equal(state, "OPEN");
  assert.deepEqual(
    events.map(({ type }) => type),
    ["ItemAdded"],
  );
  assert.equal(intents[0]?.payload.owner, "ann");
  assert.deepEqual(deadlines, { finish: 2 * 24 * 60 * 60 * 1000 });
});

test("an item that is finished stays finished", () => {
  const domain = testDomain(module).given(added, finished);
  assert.equal(domain.when(finished).reason, "it is not open");
  assert.deepEqual(domain.advance("2d"), []);
  assert.equal(domain.entity("i-1")?.state, "FINISHED");
});

test("an item that nobody finishes expires after two days", () => {
  const domain = testDomain(module).given(added);
  assert.deepEqual(domain.advance("47h"), []);
  assert.equal(domain.advance("1h")[0]?.state, "EXPIRED");
});

test("the notice is sent once", () => {
  const domain = testDomain(module).given(added);
  domain.succeed("notice.send");
  assert.deepEqual(domain.intents, []);
});

test("an item is added and found over HTTP", () => {
  const domain = testDomain(module);
  const asked = domain.ask("addItem", { params: { item_id: "i-1" }, body: { owner: "ann" } });
  assert.equal(asked.status, 201);
  assert.match(JSON.stringify(domain.ask("getItem", { params: { item_id: "i-1" } }).body), /"owner":"ann"/);
  assert.equal(domain.ask("finishItem", { params: { item_id: "i-2" } }).status, 404);
  assert.deepEqual(
    domain.rows("item_list").map(({ item_id, owner }) => [item_id, owner]),
    [["i-1", "ann"]],
  );
});
