-- The append-only record of everything that turns took in and produced. Its rows with a topic are the outbox.
-- Each day is a partition, so that a whole day can be dropped at once.
create table rollcall.journal (
  domain text not null,
  partition int not null,
  seq bigint not null,
  at timestamptz not null,
  kind text not null check (kind in ('message', 'event', 'repeat', 'repartitioned', 'dead_letter', 'gap')),
  entity_id text,
  type text,
  message_id uuid,
  correlation_id uuid,
  attempt_id uuid,
  contract_hash text,
  -- of a message: the input as the step received it, and the decision with its reason
  -- of a dead letter: error code, error text, source
  body json,
  -- the record to publish, for an event, a repartitioned copy or a dead letter; an event's headers are derived from its
  -- value, all but traceparent
  topic text,
  key bytea,
  value bytea,
  headers json,
  primary key (domain, partition, seq, at)
) partition by range (at);
-- Rows of a day that has no partition of its own.
create table rollcall.journal_default partition of rollcall.journal default;
-- The history of one entity, in order: for its timeline, the explanation of its state, export and replay.
create index journal_by_entity on rollcall.journal (domain, entity_id, seq);

-- Creates the partition of a day. The function runs with the rights of the owner of the tables, so that a role that may
-- only read and write rows can call it. Returns false if the day has a partition already.
create function rollcall.create_journal_partition(day date) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  name text := 'journal_' || to_char(day, 'YYYYMMDD');
begin
  -- The lock that migrations take too: of two processes that start at the same time, one waits.
  perform pg_advisory_xact_lock(7265011);
  if to_regclass('rollcall.' || name) is not null then
    return false;
  end if;
  -- Every later turn queues behind a session that waits for the journal's lock, so the wait is kept short.
  perform set_config('lock_timeout', '2000', true);
  -- Attaching a table takes a weaker lock on the journal than creating a partition in place.
  execute format('create table rollcall.%I (like rollcall.journal including all)', name);
  execute format(
    'alter table rollcall.journal attach partition rollcall.%I for values from (%L) to (%L)',
    name, day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC');
  return true;
end
$$;
revoke all on function rollcall.create_journal_partition(date) from public;
