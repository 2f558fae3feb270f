-- A row's new version goes onto its own page, and into no index, where no indexed column changes and there is room.
-- An entity's state changes at nearly every write, and a listing by state walks the ids in order anyway.
drop index rollcall.entity_by_state;
alter table rollcall.entity set (fillfactor = 70);
-- What is pending is few: a process that takes partitions over reads all of it.
drop index rollcall.intent_by_partition;
