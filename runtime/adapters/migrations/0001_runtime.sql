-- One row an entity: the core's Entity, field by field. `data` and `attempt` are json, not jsonb: key order is part of
-- an event's bytes, and a decision must not depend on whether its entity came from the cache or from here.
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
);
create index entity_by_partition on rollcall.entity (domain, partition);
create index entity_by_state on rollcall.entity (domain, state, entity_id);

-- Message ids that were taken; `key` is UUIDv5 of (domain, entity, payload type, message id).
create table rollcall.seen (
  key uuid primary key,
  at timestamptz not null
);
-- Rows come in the order of time: a block range is all that pruning needs, and costs the turns next to nothing.
create index seen_by_age on rollcall.seen using brin (at);

-- The append-only record of everything that entered and left a turn; its rows with a topic are the outbox.
create table rollcall.journal (
  domain text not null,
  partition int not null,
  seq bigint not null,
  at timestamptz not null,
  kind text not null check (kind in ('message', 'event', 'repeat', 'rekeyed', 'dead_letter', 'gap')),
  entity_id text,
  type text,
  message_id uuid,
  correlation_id uuid,
  attempt_id uuid,
  contract_hash text,
  -- of a message: the input as the step saw it, the decision with its reason; of a dead letter: code, error, source
  body json,
  -- what is published: of an event (whose headers follow from its value, but for traceparent), a rekeyed copy, a dead letter
  topic text,
  key bytea,
  value bytea,
  headers json,
  primary key (domain, partition, seq, at)
) partition by range (at);
create table rollcall.journal_rest partition of rollcall.journal default;
create index journal_by_entity on rollcall.journal (domain, entity_id, seq);

-- Intents that are not finished; what became of the finished ones is in the journal.
create table rollcall.intent (
  id uuid primary key,
  domain text not null,
  partition int not null,
  seq bigint not null,
  entity_id text not null,
  attempt_id uuid not null,
  type text not null,
  target text not null,
  version bigint not null,
  correlation_id uuid not null,
  payload json not null,
  created_at timestamptz not null
);
create index intent_by_partition on rollcall.intent (domain, partition, seq);

-- One row a partition number: who owns it (fencing epoch), the last turn, how far its events were published.
create table rollcall.partition_owner (
  domain text not null,
  partition int not null,
  epoch bigint not null,
  owner text not null,
  turn_id uuid,
  next_seq bigint not null,
  published_seq bigint not null,
  served_at timestamptz not null,
  primary key (domain, partition)
);

create table rollcall.source_offset (
  domain text not null,
  topic text not null,
  partition int not null,
  next_offset bigint not null,
  primary key (domain, topic, partition)
);

create table rollcall.dead_letter (
  id uuid primary key,
  domain text not null,
  topic text not null,
  partition int not null,
  "offset" bigint not null,
  error_code text not null,
  error text not null,
  key bytea,
  value bytea,
  value_bytes int not null,
  headers json not null,
  entity_id text,
  at timestamptz not null,
  retried_at timestamptz,
  unique (domain, topic, partition, "offset")
);
create index dead_letter_by_age on rollcall.dead_letter (domain, at desc);

create table rollcall.contract (
  hash text primary key,
  domain text not null,
  files json not null,
  first_run_at timestamptz not null
);

create table rollcall.expiry_hold (
  domain text not null,
  state text not null,
  held_at timestamptz not null,
  released_at timestamptz,
  released_by text,
  primary key (domain, state)
);
