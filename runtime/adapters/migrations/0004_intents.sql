-- Intents without an outcome of which a call has failed or was answered "not yet", or that have waited for long; all
-- others are in memory and in the journal. A process that takes over a partition reads these rows, and the journal from
-- `pending_seq` of rollcall.partition_owner on. `seq` is the intent's line.
create table rollcall.intent (
  domain text not null,
  partition int not null,
  seq bigint not null,
  id uuid not null,
  entity_id text not null,
  attempt_id uuid not null,
  type text not null,
  target text not null,
  version bigint not null,
  correlation_id uuid not null,
  payload json not null,
  -- W3C traceparent of the message that caused the intent: its effect and its outcome belong to the same trace, in
  -- whichever process they happen
  traceparent text,
  asked_at timestamptz not null,
  -- calls that have failed, in all processes, and the first and the latest of them
  failed_tries int not null,
  tries json not null,
  -- since when the effect answers "not yet", and what it said first; null: its latest answer was another one
  not_yet_since timestamptz,
  not_yet_note text,
  primary key (domain, partition, seq)
);
