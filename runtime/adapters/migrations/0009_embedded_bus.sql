-- The log of the embedded mode, which takes the place of Kafka. It has one process, so offsets are counted in memory.
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
  -- name -> text, or {"base64": ...} for bytes that are not UTF-8 text
  headers json not null,
  appended_at timestamptz not null,
  primary key (topic, partition, "offset")
);
