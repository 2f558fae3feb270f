-- One row per partition: its owner with the fencing epoch, its last turn, and up to where its events were published.
create table rollcall.partition_owner (
  domain text not null,
  partition int not null,
  epoch bigint not null,
  owner text not null,
  turn_id uuid,
  next_seq bigint not null,
  published_seq bigint not null,
  served_at timestamptz not null,
  -- when it was served again after a time without an owner: the grace of deadlines counts from here, also after a
  -- further change of owner
  resumed_at timestamptz,
  -- the contracts under which the owner took it over
  contract_hash text,
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
