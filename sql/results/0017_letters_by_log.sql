-- Where the change stands in the log that a letter of an order is about, if the record could be read that far: a message key that changes takes an
-- order to another partition, where offsets say nothing of the letter.
alter table dead_letters add column kind "char", add column commit_lsn bigint, add column lsn bigint;

-- The same as overtakes(), and between partitions by the log.
create function overtakes(
    s_epoch int, s_partition int, s_offset bigint, s_kind "char", s_commit bigint, s_lsn bigint,
    l_epoch int, l_partition int, l_offset bigint, l_kind "char", l_commit bigint, l_lsn bigint
) returns boolean language sql immutable parallel safe as $$
select overtakes(s_epoch, s_partition, s_offset, l_epoch, l_partition, l_offset)
    or s_epoch = l_epoch and s_partition <> l_partition and s_kind in ('w', 'i') and l_kind in ('w', 'i')
        and position_supersedes(s_epoch, s_partition, s_offset, s_kind, s_commit, s_lsn, l_epoch, l_partition, l_offset, l_kind, l_commit, l_lsn)
$$;
