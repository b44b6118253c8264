-- oldest program: 17
-- How the partitions of a process stand and what its batches cost, as JSON of a kilobyte or two, so that the page of any process shows all
-- of them. Null from an older program.
alter table processes add column detail jsonb;
