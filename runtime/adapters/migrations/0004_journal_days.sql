-- A day's partition of the journal is made by whoever runs, also by a role that may only read and write rows: the
-- function works as the owner of the tables. False: the day has one already.
create function rollcall.make_journal_day(day date) returns boolean
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
revoke all on function rollcall.make_journal_day(date) from public;
