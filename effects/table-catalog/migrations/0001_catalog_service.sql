-- The service catalog of an installation without Consul. The row of a removed service stays hidden for a day, so that a
-- late write with an older version does not bring the service back.
create table rollcall.catalog_service (
  service_id text primary key,
  -- environment and namespace; entries of another owner are never changed
  owner text not null,
  service_name text not null,
  node_id text not null,
  tags jsonb not null,
  address text,
  port int,
  status text not null check (status in ('passing', 'critical')),
  note text not null,
  version bigint not null,
  registered_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  removed_at timestamptz
);
-- For discovery by service name.
create index catalog_service_by_name on rollcall.catalog_service (service_name, service_id) where removed_at is null;
-- For the deletion of rows that were removed a day ago.
create index catalog_service_by_removal on rollcall.catalog_service (removed_at) where removed_at is not null;
