-- One row an entity: the core's Entity, field by field. `data` and `attempt` are json, not jsonb: key order is part of
-- an event's bytes, and a decision must not depend on whether its entity came from the cache or from here.
-- A row is rewritten at nearly every message, so its pages keep room: where no indexed column changes, the new version
-- stays on its page and goes into no index. That is why the state has none; a listing by state walks the ids in order.
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
-- A process that takes a partition over reads its deadlines, and entities until its memory is full.
create index entity_by_partition on rollcall.entity (domain, partition);
