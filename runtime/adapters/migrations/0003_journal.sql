-- The append-only record of everything that turns took in and produced. A row holds up to 256 lines of one partition's
-- turn, each a JSON object (runtime/core/journal.ts), one below the other: from number `seq` to number `last_seq`.
-- There is no index by entity or message: rollcall.entity has an entity's last line, and each line the one before.
-- Each day is a partition, so that a whole day can be dropped at once.
create table rollcall.turn (
  domain text not null,
  partition int not null,
  seq bigint not null,
  last_seq bigint not null,
  at timestamptz not null,
  contract_hash text not null,
  lines text not null,
  primary key (domain, partition, seq, at)
) partition by range (at);
-- Rows of a day that has no partition of its own.
create table rollcall.turn_default partition of rollcall.turn default;

-- lz4 packs and unpacks lines several times faster than Postgres' own method. PGlite, and servers that were built
-- without it, have only the latter. Partitions that are made later take it from the first.
do $$ begin
  execute 'alter table rollcall.turn alter column lines set compression lz4';
  execute 'alter table rollcall.turn_default alter column lines set compression lz4';
  execute 'alter table rollcall.entity_data alter column data set compression lz4';
exception when feature_not_supported or syntax_error then null;
end $$;

-- The lines as rows, for people and their reports. The program reads rollcall.turn. Postgres can't give any part of a
-- line in which a NUL or half of a surrogate pair stands as an escape, so these become U+FFFD here. Whether a backslash
-- begins an escape depends on those before it.
create view rollcall.journal as
select t.domain, t.partition, (l.line ->> 'seq')::bigint as seq, t.at, l.line ->> 'kind' as kind,
       l.line ->> 'entity_id' as entity_id, l.line ->> 'type' as type, l.line ->> 'id' as id,
       l.line ->> 'correlation_id' as correlation_id, l.line ->> 'attempt_id' as attempt_id,
       l.line ->> 'result' as result, l.line ->> 'reason' as reason, l.line ->> 'state' as state,
       l.line ->> 'topic' as topic, t.contract_hash, l.line
  from rollcall.turn t
 cross join lateral (
   select (case when strpos(text, '\u') = 0 then text else
            regexp_replace(text, '(?<!\\)((?:\\\\)*)\\u(0000|d[89a-f][0-9a-f]{2})', '\1\\ufffd', 'g') end)::json as line
     from unnest(string_to_array(t.lines, E'\n')) as text) as l;
