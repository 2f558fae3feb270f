import assert from "node:assert/strict";
import test from "node:test";
import { testDomain } from "rollcall/testing";
import parcels from "./dist/module.js";
import { CollectParcel, StoreParcel } from "./dist/shapes.js";

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

test("a parcel that nobody collects goes back after two days", () => {
  const [returned] = testDomain(parcels).given(stored).advance("2d");
  assert.equal(returned?.state, "RETURNED");
  assert.equal(returned?.events[0]?.payload.stored_until, "2026-01-03T00:00:00.000Z");
});
