-- One row per partition: its owner with the fencing epoch, its last turn, and up to where its events were published and
-- its intents carried out.
create table rollcall.partition_owner (
  domain text not null,
  partition int not null,
  epoch bigint not null,
  owner text not null,
  turn_id uuid,
  next_seq bigint not null,
  published_seq bigint not null,
  -- no intent before this line is open, but for those in rollcall.intent
  pending_seq bigint not null,
  served_at timestamptz not null,
  -- when it was served again after a time without an owner: the grace of deadlines counts from here, also after a
  -- further change of owner
  resumed_at timestamptz,
  -- the contracts under which the owner took it over
  contract_hash text,
  -- by state for how many ms its entities are retained, as rollcall.entity has it in purge_at; JSON, null: none are
  retention text,
  primary key (domain, partition)
);

-- The next offset to read of each topic's partition, written in the transaction of the turn that processed the records.
create table rollcall.source_offset (
  domain text not null,
  topic text not null,
  partition int not null,
  next_offset bigint not null,
  primary key (domain, topic, partition)
);

-- Creates the partitions of a day. A table of which the default partition has rows of that day gets none. The functions
-- run with the rights of the owner of the tables, so that a role that may only read and write rows can call them.
-- Returns whether any was created.
create function rollcall.create_day_partitions(day date) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  whole text;
  name text;
  bounds text;
  made boolean := false;
begin
  -- The lock that migrations take too: of two processes that start at the same time, one waits.
  perform pg_advisory_xact_lock(7265011);
  -- Every later turn queues behind a session that waits for a table's lock, so the wait is kept short.
  perform set_config('lock_timeout', '2000', true);
  foreach whole in array array['turn', 'seen'] loop
    name := whole || '_' || to_char(day, 'YYYYMMDD');
    continue when to_regclass('rollcall.' || name) is not null;
    bounds := case whole
      when 'seen' then format('in (%L)', day)
      else format('from (%L) to (%L)', day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC') end;
    begin
      -- Attaching a table takes a weaker lock on the whole than creating a partition in place.
      execute format('create table rollcall.%I (like rollcall.%I including all)', name, whole);
      execute format('alter table rollcall.%I attach partition rollcall.%I for values %s', whole, name, bounds);
      made := true;
    exception when check_violation then null;
    end;
  end loop;
  return made;
end
$$;
revoke all on function rollcall.create_day_partitions(date) from public;

-- Drops the keys of all days before this one, those in the default partition included. Returns how many partitions
-- went.
create function rollcall.drop_seen_before(day date) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  name text;
  dropped int := 0;
begin
  perform set_config('lock_timeout', '500', true);
  for name in
    select c.relname from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'rollcall.seen'::regclass and c.relname < 'seen_' || to_char(day, 'YYYYMMDD')
       and c.relname ~ '^seen_[0-9]{8}$'
  loop
    execute format('drop table rollcall.%I', name);
    dropped := dropped + 1;
  end loop;
  delete from rollcall.seen_default as s where s.day < drop_seen_before.day;
  return dropped;
end
$$;
revoke all on function rollcall.drop_seen_before(date) from public;

-- Takes a day out of the journal. Every turn queues behind a session that waits for the table's lock, so the wait is
-- shorter than a turn, and whoever calls tries again. (DETACH ... CONCURRENTLY is refused beside a default partition.)
-- The lock is not kept while the files go: that is another transaction's, see below. Returns whether it was there.
create function rollcall.detach_turn_day(day date) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  name text := 'turn_' || to_char(day, 'YYYYMMDD');
begin
  perform set_config('lock_timeout', '50', true);
  perform 1 from pg_catalog.pg_inherits where inhrelid = to_regclass('rollcall.' || name);
  if not found then return false; end if;
  execute format('alter table rollcall.turn detach partition rollcall.%I', name);
  -- Under this name nobody else has put a table aside.
  execute format('alter table rollcall.%I rename to %I', name, 'dropped_' || name);
  return true;
end
$$;
revoke all on function rollcall.detach_turn_day(date) from public;

-- Drops what was taken out, also by a process that ended before it could. Returns how many days went.
create function rollcall.drop_detached_days() returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  name text;
  dropped int := 0;
begin
  perform set_config('lock_timeout', '500', true);
  for name in
    select c.relname from pg_catalog.pg_class c
     where c.relnamespace = 'rollcall'::regnamespace and c.relkind = 'r' and c.relname ~ '^dropped_turn_[0-9]{8}$'
  loop
    execute format('drop table rollcall.%I', name);
    dropped := dropped + 1;
  end loop;
  return dropped;
end
$$;
revoke all on function rollcall.drop_detached_days() from public;
