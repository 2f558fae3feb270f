-- Since when a partition is served again after it was not: deadlines have their grace from then, whoever owns it by now.
alter table rollcall.partition_owner add column resumed_at timestamptz;
