-- Where the change stands in the log that a letter of an order is about, if the record could be read that far: a message key that changes takes an
-- order to another partition, where offsets say nothing of the letter, and a change that Connect sends again has a new offset and its old place.
alter table dead_letters add column kind "char", add column commit_lsn bigint, add column lsn bigint;

-- The same as overtakes() above, and by the log where both have a place in it.
create function overtakes(
    s_epoch int, s_partition int, s_offset bigint, s_kind "char", s_commit bigint, s_lsn bigint,
    l_epoch int, l_partition int, l_offset bigint, l_kind "char", l_commit bigint, l_lsn bigint
) returns boolean language sql immutable parallel safe as $$
select overtakes(s_epoch, s_partition, s_offset, l_epoch, l_partition, l_offset)
    or s_epoch = l_epoch and s_kind in ('w', 'i') and l_kind in ('w', 'i') and case
        when s_commit is not null and l_commit is not null then (s_commit, coalesce(s_lsn, -1)) > (l_commit, coalesce(l_lsn, -1))
        else s_lsn > l_lsn
    end
$$;
