-- What decides between two events at one position, and what a tombstone of Kafka removes that stands alone (P5). Why each line is right is told in
-- consumer/src/position.rs. Nothing stored changes: rows are of creates and updates, tombstones of deletes, and that is all that a tie asks.

-- kind t: a null value on a topic that has lost the delete before it by compaction; it removes what its own partition has written.
create or replace function position_supersedes(
    i_epoch int, i_partition int, i_offset bigint, i_kind "char", i_commit bigint, i_lsn bigint,
    s_epoch int, s_partition int, s_offset bigint, s_kind "char", s_commit bigint, s_lsn bigint
) returns boolean language sql immutable parallel safe as $$
select case
    when i_epoch <> s_epoch then i_epoch > s_epoch
    when i_partition = s_partition and i_offset <= s_offset then false
    when i_kind = 't' then i_partition = s_partition
    when i_kind = 'u' or s_kind in ('u', 't') then true
    when i_kind = 's' and s_kind in ('w', 'i') and i_partition <> s_partition then coalesce(i_lsn, -1) > coalesce(s_lsn, -1)
    when i_kind = 's' or s_kind = 's' then true
    when i_commit is not null and s_commit is not null then (i_commit, coalesce(i_lsn, -1)) > (s_commit, coalesce(s_lsn, -1))
    else coalesce(i_lsn, -1) > coalesce(s_lsn, -1)
end
$$;

-- Whether event i, which makes its row, replaces the delete s: also where both stand at one position of the log. The same as Position::outlives.
create function position_outlives(
    i_epoch int, i_partition int, i_offset bigint, i_kind "char", i_commit bigint, i_lsn bigint,
    s_epoch int, s_partition int, s_offset bigint, s_kind "char", s_commit bigint, s_lsn bigint
) returns boolean language sql immutable parallel safe as $$
select position_supersedes(i_epoch, i_partition, i_offset, i_kind, i_commit, i_lsn, s_epoch, s_partition, s_offset, s_kind, s_commit, s_lsn)
    or i_epoch = s_epoch and i_kind in ('w', 'i') and s_kind in ('w', 'i') and (i_partition <> s_partition or i_offset > s_offset)
        and coalesce(i_lsn, -1) = coalesce(s_lsn, -1) and (i_commit is null or s_commit is null or i_commit = s_commit)
$$;

-- As in 0007, but that a row stays that stands where its tombstone does: a key that changed while the order stayed is a delete and a create
-- at one position.
create or replace function settle_orders(inserted bigint[], lowest bigint, highest bigint, alone boolean)
returns table (order_id bigint, revision bigint, row_stays boolean) language plpgsql set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
declare
    concerned bigint[];
begin
    -- Any number will do that nobody else uses as an advisory lock.
    if alone then
        perform pg_advisory_xact_lock(7365001);
    else
        perform pg_advisory_xact_lock_shared(7365001);
    end if;

    -- Truncates are rare. New orders have ids above those of all tombstones: one look at the whole range spares one for each order.
    if exists (select from truncates) then
        concerned := inserted;
    elsif exists (select from deleted_orders d where d.order_id between lowest and highest) then
        concerned := array(select d.order_id from unnest(inserted) as i (order_id) join deleted_orders d using (order_id));
    end if;
    if coalesce(cardinality(concerned), 0) = 0 then
        return;
    end if;

    -- Whichever stays takes a revision above the other's, which Redis may already have.
    return query
    with pair as (
        select order_id, position_outlives(r.epoch, r.partition, r."offset", r.kind, r.commit_lsn, r.lsn,
                d.epoch, d.partition, d."offset", d.kind, d.commit_lsn, d.lsn)
            and not exists (select from truncates t where precedes_truncate(r.epoch, r.kind, r.commit_lsn, r.lsn, t.epoch, t.lsn)) as row_stays
        from deleted_orders d join results r using (order_id)
        where order_id = any(concerned)),
    kept_out as (
        select r.order_id, t.* from results r
        join (select * from truncates order by epoch desc limit 1) as t on precedes_truncate(r.epoch, r.kind, r.commit_lsn, r.lsn, t.epoch, t.lsn)
        where r.order_id = any(concerned) and not exists (select from deleted_orders d where d.order_id = r.order_id)),
    buried as (
        delete from results
        where order_id in (select order_id from pair where not row_stays union all select order_id from kept_out)),
    forgotten as (delete from deleted_orders where order_id in (select order_id from pair where row_stays)),
    raised as (
        update results set revision = nextval('results_revision')
        where order_id in (select order_id from pair where row_stays) returning order_id, revision),
    deepened as (
        update deleted_orders set revision = nextval('results_revision')
        where order_id in (select order_id from pair where not row_stays) returning order_id, revision),
    truncated as (
        insert into deleted_orders (order_id, deleted_at, revision, epoch, partition, "offset", kind, commit_lsn, lsn, source_ms)
        select order_id, now(), nextval('results_revision'), epoch, partition, "offset", 'w', commit_lsn, lsn, source_ms from kept_out
        order by order_id returning order_id, revision)
    select order_id, revision, true from raised
    union all select order_id, revision, false from deepened
    union all select order_id, revision, false from truncated;
end
$$;
