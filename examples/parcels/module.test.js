import assert from "node:assert/strict";
import test from "node:test";
import { testDomain } from "rollcall/testing";
import parcels from "./dist/module.js";
import { CollectParcel, CorrectEmail, StoreParcel } from "./dist/shapes.js";

const stored = StoreParcel.of({ parcel_id: "p-1", email: "ann@example.com" });
const collected = CollectParcel.of({ parcel_id: "p-1" });

test("the owner of a stored parcel gets a mail", () => {
  const { state, intents } = testDomain(parcels).when(stored);
  assert.equal(state, "STORED");
  assert.deepEqual(
    intents.map(({ type, payload }) => [type, payload.to]),
    [["mail.send", "ann@example.com"]],
  );
});

test("a corrected address gets a mail too, and the owner is told once", async () => {
  const domain = testDomain(parcels).given(stored, CorrectEmail.of({ parcel_id: "p-1", email: "anne@example.com" }));
  assert.deepEqual(
    domain.intents.map(({ payload }) => payload.to),
    ["ann@example.com", "anne@example.com"],
  );
  await domain.runEffects();
  assert.equal(domain.events.filter(({ type }) => type === "OwnerTold").length, 1);
});

test("a parcel is collected once", () => {
  const domain = testDomain(parcels).given(stored, collected);
  assert.equal(domain.when(collected).reason, "it is not in the locker");
});

test("the list has each parcel with its state", () => {
  const domain = testDomain(parcels).given(
    stored,
    StoreParcel.of({ parcel_id: "p-2", email: "bob@example.com" }),
    collected,
  );
  assert.deepEqual(domain.rows("parcel_list"), [
    { parcel_id: "p-1", status: "COLLECTED", email: "ann@example.com" },
    { parcel_id: "p-2", status: "STORED", email: "bob@example.com" },
  ]);
});

test("over HTTP a parcel is stored by readers, and collected by operators once", () => {
  const domain = testDomain(parcels);
  const params = { parcel_id: "p-1" };
  const body = { email: "ann@example.com" };
  assert.equal(domain.ask("collectParcel", { params }).status, 404);
  const reader = { id: "rita", roles: ["reader"] };
  assert.equal(domain.ask("storeParcel", { params, body, caller: reader }).status, 201);
  assert.equal(domain.ask("getParcel", { params }).body.collect_until, "2026-01-03T00:00:00.000Z");
  assert.equal(domain.ask("collectParcel", { params, caller: reader }).status, 403);
  assert.deepEqual(
    [1, 2].map(() => domain.ask("collectParcel", { params }).status),
    [200, 409],
  );
});

test("of two who correct the same parcel the second is told", () => {
  const domain = testDomain(parcels).given(stored);
  const params = { parcel_id: "p-1" };
  const correct = (email) => domain.ask("correctEmail", { params, body: { email }, ifMatch: 1 }).status;
  assert.deepEqual(["anne@example.com", "anna@example.com"].map(correct), [200, 412]);
});

test("a parcel that went back is brought once more, with its items", () => {
  const [email, items] = ["ann@example.com", ["lamp", "kettle"]];
  const domain = testDomain(parcels).given(StoreParcel.of({ parcel_id: "p-1", email, items }));
  const redeliver = () => domain.ask("redeliverParcel", { params: { parcel_id: "p-1" }, body: { parcel_id: "p-2" } });
  const { status, body } = redeliver();
  assert.deepEqual([status, body.error], [409, "STILL_THERE"]);
  domain.advance("2d");
  assert.equal(redeliver().status, 201);
  assert.deepEqual(
    domain.rows("parcel_items").map(({ parcel_id, item, status }) => [parcel_id, item, status]),
    ["p-1", "p-2"].flatMap((id) => items.map((item) => [id, item, id === "p-1" ? "RETURNED" : "STORED"])),
  );
});

test("a parcel that nobody collects goes back after two days", () => {
  const [returned] = testDomain(parcels).given(stored).advance("2d");
  assert.equal(returned?.state, "RETURNED");
  assert.equal(returned?.events[0]?.payload.stored_until, "2026-01-03T00:00:00.000Z");
});
