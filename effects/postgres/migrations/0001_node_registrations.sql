-- One row a node, for people and their reports: what it told about itself and how it fares. Written by the Postgres
-- effects alone; `version` is the entity_seq of the event that was written last, and an older one changes nothing.
-- The status changes with nearly every write. Pages keep room, and no index has the status: so a row's new version
-- stays on its page and leaves the indexes alone. A report by status reads the table.
create table rollcall.node_registrations (
  node_id text primary key,
  node_type text not null,
  node_version text not null,
  node_name text,
  endpoints jsonb not null,
  capabilities jsonb not null,
  metadata jsonb not null,
  -- the orchestrator's state
  status text not null,
  last_heartbeat_at timestamptz,
  liveness_deadline timestamptz,
  registration_attempt_id uuid not null,
  correlation_id uuid not null,
  version bigint not null,
  -- when this attempt's row was written first
  registered_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
) with (fillfactor = 70);
-- For reports that ask who can do something: `capabilities ? 'write'`.
create index node_registrations_by_capability on rollcall.node_registrations using gin (capabilities);
