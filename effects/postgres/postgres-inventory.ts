import type { HeldRow } from "../../contracts/registration/messages/inventory.ts";
import type { HeldEntry, Holdings } from "../../runtime/core/drift.ts";
import type { Sql } from "../../runtime/ports/store.ts";

/** Rows of `node_registrations`, for reconciliation. */
export const postgresHoldings = (sql: Sql): Holdings => ({
  async find(nodeIds) {
    const rows = await sql.query<HeldRow & { readonly version: number }>(
      `select node_id, node_type, node_version, node_name, endpoints, capabilities, metadata, status, version
         from rollcall.node_registrations where node_id = any($1::text[])`,
      [nodeIds],
    );
    return rows.map(({ version, ...content }): HeldEntry => ({ entityId: content.node_id, version, content }));
  },
});
