-- The service catalogue of an installation without Consul. A service that was removed stays for a day, without being
-- shown: a late write of an older version must not bring it back.
create table rollcall.catalog_service (
  service_id text primary key,
  -- environment and namespace; an entry of another owner is never touched
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
-- Discovery asks for what is registered under a name.
create index catalog_service_by_name on rollcall.catalog_service (service_name, service_id) where removed_at is null;
-- What was removed a day ago is deleted.
create index catalog_service_by_removal on rollcall.catalog_service (removed_at) where removed_at is not null;
