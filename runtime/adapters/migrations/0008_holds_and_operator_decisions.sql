-- A hold on expiry, one row a state: begun by whichever process saw the mass expiry, in force for all of them.
create table rollcall.expiry_hold (
  domain text not null,
  state text not null,
  held_at timestamptz not null,
  -- null while it is in force; released by nobody: it ended by itself
  released_at timestamptz,
  released_by text,
  -- how many of how many entities of the process that began it would have expired at once
  entities int not null default 0,
  total int not null default 0,
  -- when a process last said that entities of it wait, and when the last one was let go
  last_waiting_at timestamptz,
  last_drained_at timestamptz,
  reason text,
  primary key (domain, state)
);

-- Deletions that reconciliation wants and that an operator must allow, one row a backend.
create table rollcall.deletion_hold (
  domain text not null,
  backend text not null,
  held_at timestamptz not null,
  -- when a process last said that deletions of it wait
  last_waiting_at timestamptz not null,
  deletions int not null,
  total int not null,
  released_at timestamptz,
  released_by text,
  reason text,
  primary key (domain, backend)
);

-- What operators decided, for good: who, when, what and why.
create table rollcall.operator_decision (
  at timestamptz not null,
  domain text not null,
  command text not null,
  subject text not null,
  who text not null,
  reason text
);
-- They are listed newest first.
create index operator_decision_by_age on rollcall.operator_decision (domain, at desc);
