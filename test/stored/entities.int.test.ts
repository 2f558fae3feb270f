import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PgliteStore } from "../../runtime/adapters/pglite/pglite-store.ts";
import {
  countEntities,
  type EntityFilter,
  findEntities,
  findIdsOutsideStates,
  namesInEntities,
  readEntity,
} from "../../runtime/stored/entities.ts";
import { openInitializedStore } from "../initialized-store.ts";
import { emptyTables } from "../shell/orders.ts";

let store: PgliteStore;
beforeAll(async () => {
  store = await openInitializedStore();
  await emptyTables(store);
  await add("crate-1", "STORED", { goods: { kind: "glass", name: "Blue Bottles", marks: ["fragile", "heavy"] } });
  await add("crate-2", "STORED", { goods: { kind: "steel", name: null, marks: [] } });
  await add("Crate-3", "SHIPPED", { goods: { kind: "glass" } });
  await add("pallet-1", "STORED", { goods: { kind: "crate-1", marks: ["light"] } });
  await add("unknown", null, {});
  await add("crate-1", "STORED", {}, "parcels");
});
afterAll(() => store.close());

/** In a partition of its own: lists go over all of them. */
async function add(id: string, state: string | null, data: object, domain = "goods"): Promise<void> {
  const [owner] = await store.query<{ partition: number }>(
    `insert into rollcall.partition_owner (domain, partition, epoch, owner, next_seq, published_seq, pending_seq,
       served_at)
     select $1, count(*), 0, '', 1, 0, 1, now() from rollcall.partition_owner where domain = $1 returning partition`,
    [domain],
  );
  const key = [domain, owner?.partition ?? 0, id];
  await store.query(
    `insert into rollcall.entity (domain, partition, entity_id, state, reducer_state, seq, attempt, state_since,
       last_line, last_line_at, updated_at)
     values ($1, $2, $3, $4, 'kept', 7, '{"number":1}', to_timestamp(1.5), 1, to_timestamp(2), to_timestamp(2))`,
    [...key, state],
  );
  await store.query(`insert into rollcall.entity_data values ($1, $2, $3, $4::json)`, [...key, JSON.stringify(data)]);
}

const ids = async (filter: EntityFilter): Promise<string[]> => {
  const found = await findEntities(store, "goods", filter, { after: "", limit: 10 });
  expect(await countEntities(store, "goods", filter)).toBe(found.length);
  return found.map(({ id }) => id);
};

describe("entities", () => {
  it("are found by their states", async () => {
    expect(await ids({})).toHaveLength(5);
    expect(await ids({ hasState: true })).not.toContain("unknown");
    expect(await ids({ state: "SHIPPED" })).toEqual(["Crate-3"]);
    expect(await ids({ state: "STORED", reducerState: "lost" })).toEqual([]);
  });

  it("are found by a part of the id in any case, and of texts in the data where these count", async () => {
    expect(await ids({ part: "CRATE-" })).toEqual(["Crate-3", "crate-1", "crate-2"].toSorted());
    expect(await ids({ part: "bottle" })).toEqual([]);
    expect(await ids({ part: "bottle", partAlsoAt: [["goods", "name"]] })).toEqual(["crate-1"]);
    expect(
      await ids({
        part: "crate-1",
        partAlsoAt: [
          ["goods", "name"],
          ["goods", "kind"],
        ],
      }),
    ).toHaveLength(2);
    expect(await ids({ part: "%" })).toEqual([]);
  });

  it("are found by what their data has at a path, all conditions together", async () => {
    const path = ["goods", "marks"];
    expect(await ids({ data: [{ path: ["goods", "kind"], equals: "steel" }] })).toEqual(["crate-2"]);
    expect(await ids({ data: [{ path, includes: "heavy" }] })).toEqual(["crate-1"]);
    expect(await ids({ data: [{ path, includes: "heav" }] })).toEqual([]);
    expect(await ids({ data: [{ path, includes: undefined }], part: "pallet" })).toEqual(["pallet-1"]);
    const both: EntityFilter["data"] = [
      { path, includes: "heavy" },
      { path: ["goods", "kind"], equals: "steel" },
    ];
    expect(await ids({ data: both })).toEqual([]);
    expect(await ids({ state: "STORED", data: [{ path: ["goods", "kind"], equals: "glass" }] })).toEqual(["crate-1"]);
  });

  it("are read in pages, by id", async () => {
    const all = await ids({});
    const page = async (after: string, skip: number) =>
      (await findEntities(store, "goods", {}, { after, skip, limit: 2 })).map(({ id }) => id);
    expect([...(await page("", 0)), ...(await page(all[1] ?? "", 0)), ...(await page(all[1] ?? "", 2))]).toEqual(all);
  });

  it("are counted up to a number", async () => {
    expect(await countEntities(store, "goods", { state: "STORED" }, 2)).toBe(2);
    expect(await countEntities(store, "parcels")).toBe(1);
  });

  it("are read one by one, as the core has them, with the time when they were stored", async () => {
    expect(await readEntity(store, "parcels", "pallet-1")).toBeUndefined();
    expect(await readEntity(store, "parcels", "crate-1")).toEqual({
      ...{ id: "crate-1", state: "STORED", reducerState: "kept", seq: 7, publishedSeq: null, data: {} },
      ...{ attempt: { number: 1 }, deadlines: {}, stateSince: 1_500, updatedAt: new Date(2_000), lastSeenMs: null },
    });
  });

  it("outside of states are those in others and in none", async () =>
    expect(await findIdsOutsideStates(store, "goods", [0, 1, 2, 3, 4], ["STORED"], { after: "", limit: 10 })).toEqual(
      ["Crate-3", "unknown"].toSorted(),
    ));

  it("tell which names are in use, among some or beside them", async () => {
    const stored = { name: "STORED", count: 3, example: "crate-1" };
    const shipped = { name: "SHIPPED", count: 1, example: "Crate-3" };
    expect(await namesInEntities(store, "goods", "state", { among: ["STORED", "SOLD"] })).toEqual([stored]);
    expect(await namesInEntities(store, "goods", "state", { notAmong: ["STORED"] })).toEqual([shipped]);
    expect(await namesInEntities(store, "goods", "deadline", { notAmong: [] })).toEqual([]);
  });
});
