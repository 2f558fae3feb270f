-- One row per entity: what nearly every message changes. The fill factor leaves room on each page, so that an update
-- which changes no indexed column stays on its page and touches no index (a HOT update). For the same reason the state
-- has no index: a listing by state reads the ids in order. The partition is in the key because a process that takes
-- one over reads all of its entities; it follows from the id.
create table rollcall.entity (
  domain text not null,
  partition int not null,
  entity_id text not null,
  state text,
  reducer_state text not null,
  state_since timestamptz not null,
  seq bigint not null,
  -- JSON; text, because the order of keys counts and nothing in here is looked up
  attempt text not null,
  -- JSON; null: none is armed
  deadlines text,
  -- where the entity's last line stands in the journal of its partition, and when it was written; each line names the
  -- one before it
  last_line bigint not null,
  last_line_at timestamptz not null,
  -- event time of the last message from outside that left a line or moved a deadline
  last_seen timestamptz,
  updated_at timestamptz not null,
  primary key (domain, partition, entity_id)
) with (fillfactor = 60);

-- The reducer's data, a row per entity. It is the largest part and changes seldom. json and not jsonb, because jsonb
-- reorders keys: the order is part of an event's bytes, and a decision must be the same for an entity from the cache
-- and for one read from here.
create table rollcall.entity_data (
  domain text not null,
  partition int not null,
  entity_id text not null,
  data json not null,
  primary key (domain, partition, entity_id)
);
