-- The append-only record of everything that entered and left a turn; its rows with a topic are the outbox.
-- A day is a partition, so that it can be dropped as a whole.
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
  -- of a message: the input as the step saw it, the decision with its reason; of a dead letter: code, error, source
  body json,
  -- what is published: of an event (whose headers follow from its value, but for traceparent), a repartitioned copy, a dead
  -- letter
  topic text,
  key bytea,
  value bytea,
  headers json,
  primary key (domain, partition, seq, at)
) partition by range (at);
-- What falls on a day that has no partition of its own.
create table rollcall.journal_default partition of rollcall.journal default;
-- An entity's history, in order: for its timeline, the explanation of its state, export and replay.
create index journal_by_entity on rollcall.journal (domain, entity_id, seq);

-- A day's partition is made by whoever runs, also by a role that may only read and write rows: the function works as
-- the owner of the tables. False: the day has one already.
create function rollcall.create_journal_partition(day date) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  name text := 'journal_' || to_char(day, 'YYYYMMDD');
begin
  -- The migrations' lock: two processes that start at once wait for one another.
  perform pg_advisory_xact_lock(7265011);
  if to_regclass('rollcall.' || name) is not null then
    return false;
  end if;
  -- Whoever waits for the journal's lock keeps every later turn waiting too.
  perform set_config('lock_timeout', '2000', true);
  -- Attaching a table locks the journal less than creating a partition in place.
  execute format('create table rollcall.%I (like rollcall.journal including all)', name);
  execute format(
    'alter table rollcall.journal attach partition rollcall.%I for values from (%L) to (%L)',
    name, day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC');
  return true;
end
$$;
revoke all on function rollcall.create_journal_partition(date) from public;
