-- Messages that were processed, so that a redelivered one is recognised. `key` is a UUIDv5 of (domain, entity, payload
-- type, message id).
create table rollcall.seen (
  key uuid primary key,
  at timestamptz not null
);
-- Rows are inserted in the order of time: a block range index is enough for pruning and costs the turns almost nothing.
create index seen_by_age on rollcall.seen using brin (at);
