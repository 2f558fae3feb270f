-- The projections of each domain, one row each: which table has its rows. Their tables and views are no migrations of
-- these files: they follow from contracts and code, in the schema rollcall_<domain>
-- (runtime/shell/projections/change-projections.ts). No process takes over a partition of a domain whose projections
-- it has otherwise, in name, version or layout.
create table rollcall.projection (
  domain text not null,
  name text not null,
  version int not null,
  -- a digest of the table's columns, key and indexes
  layout text not null,
  -- the definition that its view shall have, and the one that it has; null: it is not made yet
  view text not null,
  view_made text,
  since timestamptz not null,
  primary key (domain, name)
);

-- Tables of other versions: one that is being filled while another is in use, or that was in use.
create table rollcall.projection_table (
  domain text not null,
  name text not null,
  version int not null,
  layout text not null,
  -- entities up to this id were copied; null: all were
  copied_to text,
  -- JSON, by partition: the first line of the journal of which the rows may lack what it has changed
  next_lines text not null,
  -- when it ceased to be in use: it stays for a minute; null: it is being filled
  left_at timestamptz,
  since timestamptz not null,
  -- when it was last filled further
  filled_at timestamptz not null,
  primary key (domain, name, version)
);

-- Entities whose rows are older than they are: what their function last made was refused, or it made nothing.
create table rollcall.projection_fault (
  domain text not null,
  projection text not null,
  version int not null,
  entity_id text not null,
  reason text not null,
  since timestamptz not null,
  primary key (domain, projection, version, entity_id)
);
