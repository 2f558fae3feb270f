-- Messages that were processed, so that a redelivered one is recognised. `key` is a UUIDv5 of (domain, entity, payload
-- type, message id), with the time of the message id in front when that is a UUIDv7, so that keys of one time lie
-- together. `day` is the one on which it was processed: each day is a partition, so its keys go all at once. The key
-- comes first in the index, since a message is looked for in each day.
create table rollcall.seen (
  day date not null,
  key uuid not null,
  primary key (key, day)
) partition by list (day);
-- Keys of a day that has no partition of its own.
create table rollcall.seen_default partition of rollcall.seen default;
