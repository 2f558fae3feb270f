-- The deployment that the store belongs to: one row, written by the first start on it. A process that is configured
-- otherwise is refused, see runtime/shell/deployment.ts.
create table rollcall.deployment (
  id int primary key check (id = 1),
  env text not null,
  namespace text not null,
  -- Kafka's; null in the embedded mode, and for a broker that has none
  cluster_id text
);

-- Every domain that was started on this store.
create table rollcall.domain (
  name text primary key,
  -- null in the embedded mode, and after the store was moved until the domain is started again
  consumer_group text,
  -- when an operator decided that it is not to be served any more; it counts until the domain is served again
  retired_at timestamptz
);

-- What gateways sign messages with: the newest, and the one before it, which is valid until the next one is made.
create table rollcall.door_key (
  id int primary key,
  secret bytea not null check (length(secret) >= 32),
  made_at timestamptz not null default now()
);
