-- Intents that are not finished; what became of the finished ones is in the journal. They are few, and a process that
-- takes partitions over reads them all: there is no index but the key.
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
  created_at timestamptz not null,
  -- W3C traceparent of the message that asked for it: what comes of an intent is part of its trace, whoever carries it
  -- out
  traceparent text
);
