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
  -- how many of its events were for a topic; null: all of them
  published_seq bigint,
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
  -- when it may be purged; null: it has not ended, or is kept for good
  purge_at timestamptz,
  updated_at timestamptz not null,
  primary key (domain, partition, entity_id)
) with (fillfactor = 60);
-- Lists are by id, and who asks for one entity knows its id only.
create index entity_by_id on rollcall.entity (domain, entity_id);
-- What is due is found without reading the rest. An entity gets an entry when it ends and none before, so that updates
-- until then stay HOT, and domains that purge nothing have none.
create index entity_by_purge on rollcall.entity (domain, purge_at, partition) where purge_at is not null;

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

-- What is left of a purged entity, so that one with its id goes on from its number: at most 120 bytes a row. The key is
-- a UUIDv5 of (domain, entity): as long for every id, and where an id says who someone is, it goes too.
create table rollcall.tombstone (
  key uuid primary key,
  seq bigint not null,
  published_seq bigint,
  -- when it had entered the state in which it ended
  ended_at timestamptz not null,
  -- its last line in the journal of its partition, and that line's UTC day
  last_line bigint not null,
  last_line_on date not null,
  -- the day on which it goes
  drop_on date not null,
  domain text not null
);
-- All of a day are one entry of the index for each page of rows, or so.
create index tombstone_by_day on rollcall.tombstone (domain, drop_on);

-- Entities that an operator wants purged before their time. The owner of the partition takes them.
create table rollcall.purge_request (
  domain text not null,
  partition int not null,
  entity_id text not null,
  -- of the end that is meant: `state_since` of rollcall.entity
  ended_at timestamptz not null,
  asked_at timestamptz not null,
  primary key (domain, partition, entity_id)
);
