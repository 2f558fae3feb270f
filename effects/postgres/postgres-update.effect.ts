import { PostgresUpdateRegistration } from "../../contracts/registration/messages/intents.ts";
import { effect } from "../../runtime/core/effect.ts";
import type { Sql } from "../../runtime/ports/store.ts";
import { POSTGRES_FAULTS, writeInOneStatement } from "./postgres-batch.ts";

// The same version is written too: an upsert of the same event may have been written just before. Without the first
// condition the server may read all of the table for each batch, as it planned when the table was small.
const UPDATE = `
  update rollcall.node_registrations held set
    status = given.status,
    last_heartbeat_at = coalesce(given.last_heartbeat_at::timestamptz, held.last_heartbeat_at),
    liveness_deadline = given.liveness_deadline::timestamptz,
    version = given.version::bigint,
    updated_at = now()
  from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
    as given (node_id, status, last_heartbeat_at, liveness_deadline, version)
  where held.node_id = any($1::text[]) and held.node_id = given.node_id and held.version <= given.version::bigint`;

/** Writes status and times of a batch of nodes. A row that does not exist is no fault: the node was not registered. */
export const HandlerPostgresUpdate = (sql: Sql) =>
  effect(PostgresUpdateRegistration, POSTGRES_FAULTS, (intents, { signal }) =>
    writeInOneStatement(
      intents,
      (batch) =>
        sql.query(UPDATE, [
          batch.map(({ payload }) => payload.node_id),
          batch.map(({ payload }) => payload.status),
          batch.map(({ payload }) => payload.last_heartbeat_at),
          batch.map(({ payload }) => payload.liveness_deadline),
          batch.map(({ version }) => version),
        ]),
      signal,
    ),
  );
