-- The projections of each domain, one row each: which table has its rows. Their tables and views are no migrations of
-- these files: they follow from contracts and code, in the schema rollcall_<domain>
-- (runtime/shell/projections/prepare-projections.ts). No process takes over a partition of a domain whose projections
-- it has otherwise, in name, version or layout, or as long as one of them is not filled.
create table rollcall.projection (
  domain text not null,
  name text not null,
  version int not null,
  -- a digest of the table's columns, key and indexes
  layout text not null,
  -- the definition of its view; null: not made yet
  view text,
  -- entities up to this id have their rows; null: all have
  filled_to text,
  since timestamptz not null,
  primary key (domain, name)
);

-- Entities whose rows are older than they are: what their function last made was refused, or it made nothing.
create table rollcall.projection_fault (
  domain text not null,
  projection text not null,
  entity_id text not null,
  reason text not null,
  since timestamptz not null,
  primary key (domain, projection, entity_id)
);
