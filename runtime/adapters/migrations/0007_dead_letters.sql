-- Records that could not be processed, kept until somebody deletes them. The value is complete unless it is over the
-- largest allowed size. A record that is read twice is one dead letter: its position in the log is unique.
create table rollcall.dead_letter (
  id uuid primary key,
  domain text not null,
  topic text not null,
  partition int not null,
  "offset" bigint not null,
  error_code text not null,
  error text not null,
  key bytea,
  value bytea,
  value_bytes int not null,
  headers json not null,
  -- its door, where it had one that is its own: a retry is sealed with it again
  door json,
  entity_id text,
  at timestamptz not null,
  retried_at timestamptz,
  unique (domain, topic, partition, "offset")
);
-- Lists show the newest first.
create index dead_letter_by_age on rollcall.dead_letter (domain, at desc);
