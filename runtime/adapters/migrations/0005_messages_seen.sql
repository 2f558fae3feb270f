-- Messages that were taken, so that one that comes again is not; `key` is UUIDv5 of (domain, entity, payload type,
-- message id).
create table rollcall.seen (
  key uuid primary key,
  at timestamptz not null
);
-- Rows come in the order of time: a block range is all that pruning needs, and costs the turns next to nothing.
create index seen_by_age on rollcall.seen using brin (at);
