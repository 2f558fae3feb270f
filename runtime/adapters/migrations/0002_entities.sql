-- One row per entity: the fields of the core's Entity. `data` and `attempt` are json and not jsonb, because jsonb
-- reorders keys: the order is part of an event's bytes, and a decision must be the same for an entity from the cache
-- and for one read from here.
-- Nearly every message updates its entity's row. The fill factor leaves room on each page, so that an update which
-- changes no indexed column stays on its page and touches no index (a HOT update). For the same reason the state has no
-- index: a listing by state reads the ids in order.
create table rollcall.entity (
  domain text not null,
  entity_id text not null,
  partition int not null,
  state text,
  reducer_state text not null,
  seq bigint not null,
  attempt json not null,
  data json not null,
  deadlines json not null,
  state_since timestamptz not null,
  updated_at timestamptz not null,
  primary key (domain, entity_id)
) with (fillfactor = 70);
-- A process that takes over a partition reads all its deadlines, and its entities up to the limit of the cache.
create index entity_by_partition on rollcall.entity (domain, partition);
