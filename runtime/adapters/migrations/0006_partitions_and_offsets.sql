-- One row a partition number: who owns it (fencing epoch), the last turn, how far its events were published.
create table rollcall.partition_owner (
  domain text not null,
  partition int not null,
  epoch bigint not null,
  owner text not null,
  turn_id uuid,
  next_seq bigint not null,
  published_seq bigint not null,
  served_at timestamptz not null,
  -- since when it is served again after it was not: deadlines have their grace from then, whoever owns it by now
  resumed_at timestamptz,
  -- under which the owner took it over
  contract_hash text,
  primary key (domain, partition)
);

-- Up to where the records of each topic's partition were taken; written with the turn that took them.
create table rollcall.source_offset (
  domain text not null,
  topic text not null,
  partition int not null,
  next_offset bigint not null,
  primary key (domain, topic, partition)
);
