-- The log of the embedded mode, in place of Kafka: one process, so offsets are counted in its memory.
create table rollcall.bus_topic (
  topic text primary key,
  partitions int not null check (partitions > 0)
);

create table rollcall.bus_record (
  topic text not null,
  partition int not null,
  "offset" bigint not null,
  key bytea,
  value bytea,
  -- name -> text, or {"base64": bytes} where they are no text
  headers json not null,
  appended_at timestamptz not null,
  primary key (topic, partition, "offset")
);
