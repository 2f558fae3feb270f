-- A hold on expiry, one row per state: begun by the process that detected a mass expiry, in force for all processes.
create table rollcall.expiry_hold (
  domain text not null,
  state text not null,
  held_at timestamptz not null,
  -- null while it is in force; with `released_by` null the hold ended by itself
  released_at timestamptz,
  released_by text,
  -- in the process that began it: how many entities would have expired at once, and out of how many
  entities int not null default 0,
  total int not null default 0,
  -- when a process last reported entities that wait for this hold, and when the last of them was released
  last_waiting_at timestamptz,
  last_drained_at timestamptz,
  reason text,
  primary key (domain, state)
);

-- Deletions that reconciliation asks for and an operator must allow, one row per backend.
create table rollcall.deletion_hold (
  domain text not null,
  backend text not null,
  held_at timestamptz not null,
  -- when a process last reported deletions that wait for this hold
  last_waiting_at timestamptz not null,
  deletions int not null,
  total int not null,
  released_at timestamptz,
  released_by text,
  reason text,
  primary key (domain, backend)
);

-- What operators decided: who, when, what and why. Never deleted.
create table rollcall.operator_decision (
  at timestamptz not null,
  domain text not null,
  command text not null,
  subject text not null,
  who text not null,
  reason text
);
-- Lists show the newest first.
create index operator_decision_by_age on rollcall.operator_decision (domain, at desc);
