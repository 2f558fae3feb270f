import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { TableCatalog } from "../../effects/table-catalog/table-catalog.ts";
import { Fault } from "../../runtime/core/fault.ts";
import type { Store } from "../../runtime/ports/store.ts";
import { openInitializedStore } from "../initialized-store.ts";
import { describeCatalog } from "./catalog-conformance.ts";

const migration = new URL("../../effects/table-catalog/migrations/0001_catalog_service.sql", import.meta.url);

async function openStore(): Promise<Store> {
  const store = await openInitializedStore();
  await store.query("create schema rollcall");
  await store.transaction((tx) => store.script(tx, readFileSync(migration, "utf8")));
  return store;
}

describeCatalog("TableCatalog", { remembersRemovals: true, keepsMeta: false }, async () => {
  const store = await openStore();
  const ours = new TableCatalog(store, { env: "dev", namespace: "", domain: "registration" });
  const theirs = new TableCatalog(store, { env: "prod", namespace: "", domain: "registration" });
  return {
    registry: ours,
    neighbour: new TableCatalog(store, { env: "dev", namespace: "", domain: "parcels" }),
    catalog: ours,
    async putForeign(serviceId, name) {
      const entry = { name, nodeId: "theirs", tags: [], address: "192.0.2.7", port: 1 };
      const check = { status: "passing", note: "" } as const;
      const change = { kind: "register", serviceId, version: 1, entry: { ...entry, check } } as const;
      await theirs.apply([change], AbortSignal.timeout(5_000));
    },
    async foreignAddress(serviceId) {
      const [row] = await store.query<{ address: string }>(
        "select address from rollcall.catalog_service where service_id = $1 and removed_at is null",
        [serviceId],
      );
      return row?.address;
    },
    close: () => store.close(),
  };
});

it("returns UNAVAILABLE within the timeout when its store is down or hangs", async () => {
  const down = { query: () => Promise.reject(new Fault("STORE_UNAVAILABLE", "no connection", { retryable: true })) };
  const hanging = { query: () => new Promise<never>(() => {}) };
  const change = { kind: "deregister", serviceId: "s", version: 1 } as const;
  for (const sql of [down, hanging]) {
    const table = new TableCatalog(sql, { env: "dev", namespace: "", domain: "registration" });
    const [ending] = await table.apply([change], AbortSignal.timeout(100));
    expect(ending).toMatchObject({ code: "UNAVAILABLE", retryable: true });
  }
  await expect(
    new TableCatalog(down, { env: "dev", namespace: "", domain: "registration" }).probe(),
  ).rejects.toMatchObject({
    code: "UNAVAILABLE",
  });
});
