-- Intents that have not finished; the outcome of each finished one is in the journal. There are few rows, and a process
-- that takes over a partition reads them all: the primary key is the only index.
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
  -- W3C traceparent of the message that caused the intent: its effect and its outcome belong to the same trace, in
  -- whichever process they happen
  traceparent text
);
