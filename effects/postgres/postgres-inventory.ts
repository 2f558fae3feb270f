import type { RegistrationRow } from "../../contracts/registration/messages/inventory.ts";
import type { InventoryEntry, Inventory } from "../../runtime/core/drift.ts";
import type { Sql } from "../../runtime/ports/store.ts";

/** Rows of `node_registrations`, for reconciliation. */
export const postgresInventory = (sql: Sql): Inventory => ({
  async find(nodeIds) {
    const rows = await sql.query<RegistrationRow & { readonly version: number }>(
      `select node_id, node_type, node_version, node_name, endpoints, capabilities, metadata, status, version
         from rollcall.node_registrations where node_id = any($1::text[])`,
      [nodeIds],
    );
    return rows.map(({ version, ...content }): InventoryEntry => ({ entityId: content.node_id, version, content }));
  },
});
