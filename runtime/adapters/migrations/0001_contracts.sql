-- Every version of the contracts that was ever in force, by the hash of its text: journal rows are read with the
-- contracts under which they were written. `files` maps file name to YAML text.
create table rollcall.contract_set (
  hash text primary key,
  domain text not null,
  files json not null,
  first_run_at timestamptz not null
);

-- The contracts that are in force for all processes, one row per domain. No turn is committed under any others, see
-- runtime/shell/contract-in-force.ts.
create table rollcall.contract_in_force (
  domain text primary key,
  hash text not null references rollcall.contract_set (hash),
  -- of entities' data: code with a lower one takes nothing over
  state_version int not null,
  since timestamptz not null,
  -- who put them in force: an operator, or the process that started with them
  activated_by text not null
);
