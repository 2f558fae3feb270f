-- Every content that contracts ever had while they ran, by its hash: a journal is read with the contracts that it was
-- written under. `files` is file name -> YAML.
create table rollcall.contract_set (
  hash text primary key,
  domain text not null,
  files json not null,
  first_run_at timestamptz not null
);

-- The contracts that every process runs, one row a domain: no turn is committed under others, see
-- runtime/shell/contract-in-force.ts.
create table rollcall.contract_in_force (
  domain text primary key,
  hash text not null references rollcall.contract_set (hash),
  since timestamptz not null,
  -- who put them in force: an operator, or the process that started with them
  activated_by text not null
);
