-- clean_to: behind the last record that was no dead letter. From there to the next offset all were letters: so many in a row that are not of
-- one order stop a partition that is too short for the share of its letters to say anything.
-- stopped: why the process that claimed the partition has stopped it, for people who ask another process or none.
alter table consumer_offsets add column clean_to bigint, add column stopped text;
update consumer_offsets set clean_to = next_offset;
