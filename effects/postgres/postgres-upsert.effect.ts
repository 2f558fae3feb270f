import { PostgresUpsertRegistration } from "../../contracts/registration/messages/intents.ts";
import { PostgresRegistrationConfirmed } from "../../contracts/registration/messages/outcomes.ts";
import { done, effect } from "../../runtime/core/effect.ts";
import type { Sql } from "../../runtime/ports/store.ts";
import { POSTGRES_FAULTS, writeInOneStatement } from "./postgres-batch.ts";

// A new attempt resets the times of the last one.
const UPSERT = `
  insert into rollcall.node_registrations as held (
    node_id, node_type, node_version, node_name, endpoints, capabilities, metadata, status,
    registration_attempt_id, correlation_id, version)
  select node_id, node_type, node_version, node_name, endpoints::jsonb, capabilities::jsonb, metadata::jsonb, status,
    attempt_id::uuid, correlation_id::uuid, version::bigint
  from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::text[], $10::text[], $11::text[])
    as given (node_id, node_type, node_version, node_name, endpoints, capabilities, metadata, status,
      attempt_id, correlation_id, version)
  order by node_id
  on conflict (node_id) do update set
    node_type = excluded.node_type,
    node_version = excluded.node_version,
    node_name = excluded.node_name,
    endpoints = excluded.endpoints,
    capabilities = excluded.capabilities,
    metadata = excluded.metadata,
    status = excluded.status,
    last_heartbeat_at =
      case when held.registration_attempt_id = excluded.registration_attempt_id then held.last_heartbeat_at end,
    liveness_deadline =
      case when held.registration_attempt_id = excluded.registration_attempt_id then held.liveness_deadline end,
    registered_at = case when held.registration_attempt_id = excluded.registration_attempt_id
      then held.registered_at else excluded.registered_at end,
    registration_attempt_id = excluded.registration_attempt_id,
    correlation_id = excluded.correlation_id,
    version = excluded.version,
    updated_at = excluded.updated_at
  where held.version <= excluded.version`;

/** Writes a batch of registrations. Also confirmed when the row has a younger version: the node is registered. */
export const HandlerPostgresUpsert = (sql: Sql) =>
  effect(PostgresUpsertRegistration, POSTGRES_FAULTS, (intents, { signal }) =>
    writeInOneStatement(
      intents,
      (batch) =>
        sql.query(UPSERT, [
          batch.map(({ payload }) => payload.node_id),
          batch.map(({ payload }) => payload.node_type),
          batch.map(({ payload }) => payload.node_version),
          batch.map(({ payload }) => payload.node_name),
          batch.map(({ payload }) => JSON.stringify(payload.endpoints)),
          batch.map(({ payload }) => JSON.stringify(payload.capabilities)),
          batch.map(({ payload }) => JSON.stringify(payload.metadata)),
          batch.map(({ payload }) => payload.status),
          batch.map(({ attemptId }) => attemptId),
          batch.map(({ correlationId }) => correlationId),
          batch.map(({ version }) => version),
        ]),
      signal,
      ({ version, payload: { node_id } }) => done(PostgresRegistrationConfirmed.of({ node_id, version })),
    ),
  );
