-- The contracts that every process runs, one row a domain: no turn is committed under others, see runtime/shell/contract-in-force.ts.
create table rollcall.contract_in_force (
  domain text primary key,
  hash text not null references rollcall.contract (hash),
  since timestamptz not null,
  -- who put them in force: an operator, or the process that started with them
  put_by text not null
);
-- Under which the owner took the partition over.
alter table rollcall.partition_owner add column contract_hash text;
