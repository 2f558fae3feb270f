-- One row per node, for people and their reports: its introspection data and its status. Only the Postgres effects
-- write it. `version` is the entity_seq of the event that was written last; a write with a lower one changes nothing.
-- The status changes with nearly every write. The fill factor leaves room on each page and no index has the status, so
-- an update stays on its page and touches no index (a HOT update). A report by status reads the whole table.
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
  -- when the row was first written in this attempt
  registered_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
) with (fillfactor = 70);
-- For reports by capability: `capabilities ? 'write'`.
create index node_registrations_by_capability on rollcall.node_registrations using gin (capabilities);
