-- Of a row and a tombstone of one order the newer stays (P5): the end of every transaction that inserted orders. Why there is a lock,
-- and who takes it alone, is told where it is called. Each statement of a volatile function has a snapshot of its own, so those behind the lock
-- see what was committed while it was waited for. In a function, because nearly every batch ends after two looks at an index: as a
-- statement all of this would be planned each time. What is reached is planned each time on purpose: a plan that is kept from when the
-- tables were small would read all of them, batch after batch, until they are analysed.
create function settle_orders(inserted bigint[], lowest bigint, highest bigint, alone boolean)
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
        select order_id, position_supersedes(r.epoch, r.partition, r."offset", r.kind, r.commit_lsn, r.lsn,
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
