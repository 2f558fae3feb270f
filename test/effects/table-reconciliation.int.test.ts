import { describe, expect, it } from "vitest";
import { HttpBench, lasting } from "../app/registration/http-bench.ts";
import { describeReconciliation } from "./reconciliation-conformance.ts";

describeReconciliation("the table catalog", async (bench) => {
  const sql = (text: string, ...values: string[]) => bench().system.store.query(text, values);
  return {
    environment: {},
    remove: async (id) => void (await sql(`delete from rollcall.catalog_service where service_id = $1`, id)),
    alter: async (id) =>
      void (await sql(
        `update rollcall.catalog_service set address = '192.0.2.66', tags = '["x"]', status = 'critical' where ` +
          "service_id = $1",
        id,
      )),
    leaveBehind: async (id, nodeId) =>
      void (await sql(
        `insert into rollcall.catalog_service (service_id, owner, service_name, node_id, tags, status, note, version)
         values ($1, 'rollcall/dev/registration', 'onex-effect', $2, '[]', 'passing', '', 1)
         on conflict (service_id) do update set removed_at = null`,
        id,
        nodeId,
      )),
    failures: ["gone"],
    fail: async (how) => {
      const [from, to] = how === undefined ? ["elsewhere", "catalog_service"] : ["catalog_service", "elsewhere"];
      await sql(`alter table rollcall.${from} rename to ${to}`);
    },
    wipe: async () =>
      void (await sql(`delete from rollcall.catalog_service where owner = 'rollcall/dev/registration'`)),
    putForeign: async () =>
      void (await sql(
        `insert into rollcall.catalog_service (service_id, owner, service_name, node_id, tags, status, note, version)
         values ('onex-effect-foreign', 'another', 'onex-effect', 'foreign', '[]', 'passing', '', 1)`,
      )),
    foreign: async () => (await sql(`select * from rollcall.catalog_service where owner = 'another'`))[0],
    close: async () => {},
  };
});

describe("the rows of nodes", () => {
  let bench: HttpBench;
  const row = async (id: string) =>
    (
      await bench.system.store.query(
        "select status, endpoints, node_type, liveness_deadline is null as timeless from " +
          "rollcall.node_registrations where node_id = $1",
        [id],
      )
    )[0];
  const vandalize = (text: string, id: string) => bench.system.store.query(text, [id]);

  it("are restored when they were deleted, and repaired when they were altered", async () => {
    bench = await HttpBench.open(lasting, { limits: { reconcileEveryMs: 500 } });
    try {
      for (const id of ["r1", "r2", "r3"]) await bench.activeNode(id, { endpoints: ["http://10.0.0.1:80"] });
      await bench.publish("NodeDeregister", { node_id: "r3" });
      await bench.until("r3", "DEREGISTERED");
      await expect.poll(() => row("r3"), { timeout: 30_000 }).toMatchObject({ status: "DEREGISTERED" });
      const before = [await row("r1"), await row("r2"), await row("r3")];
      await vandalize(`delete from rollcall.node_registrations where node_id = $1`, "r1");
      await vandalize(
        `update rollcall.node_registrations set endpoints = '{}', status = 'WRONG' where node_id = $1`,
        "r2",
      );
      await vandalize(`update rollcall.node_registrations set status = 'ACTIVE' where node_id = $1`, "r3");
      await expect
        .poll(async () => [await row("r1"), await row("r2"), await row("r3")], { timeout: 60_000 })
        .toEqual(before);
      expect(before[0]).toMatchObject({ status: "ACTIVE", timeless: false });
    } finally {
      await bench.close();
    }
  });
});
