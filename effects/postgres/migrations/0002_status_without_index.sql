-- The status changes with nearly every write. Without an index on it a new version of a row stays on its page and
-- leaves the other indexes alone; a report by status reads the table.
drop index rollcall.node_registrations_by_status;
alter table rollcall.node_registrations set (fillfactor = 70);
