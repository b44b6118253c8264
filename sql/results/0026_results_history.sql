-- oldest program: 17
-- The audit trail (`audit.history = on`): one row for each change of a row of results, whoever changes it, in the transaction that does. It has
-- no name and no address: of the customer it has the id and the version, so that erasing a person needs no rewrite.

create table results_history (
    order_id         bigint      not null,
    revision         bigint      not null, -- of the state; of a delete that of its tombstone, or of the last state where there is none
    at               timestamptz not null, -- when the transaction began
    op               "char"      not null, -- i insert, u update, d delete, t the table was emptied by TRUNCATE
    cause            text        not null, -- event, replay, sweep, truncate, reconcile, restore, or hand: nobody has said why
    epoch            int         not null, -- where the event stands that the state is owed to, or the delete
    partition        int         not null,
    "offset"         bigint      not null,
    kind             "char"      not null,
    commit_lsn       bigint,
    lsn              bigint,
    source_ms        bigint,
    customer_version text,
    enrichment       text        not null,
    changed          jsonb       not null  -- the shop's columns: all of an insert, of an update those that differ, none of a delete
) partition by range (at);

create index results_history_by_order on results_history (order_id, revision);
create index results_history_by_time on results_history using brin (at);

comment on table results_history is 'Every change of a row of results since audit.history is on, a partition for each month';

-- Since when and until when changes are recorded: what is not in the history did not happen, or happened while it was off.
create table history_switches (
    at          timestamptz not null default clock_timestamp(),
    is_on       boolean     not null,
    switched_by text        not null
);

-- The partition of a month, and whether it is there.
create function history_partition(month timestamp) returns text language sql immutable parallel safe as $$
select 'results_history_' || to_char(month, 'YYYY_MM')
$$;

create function has_history_partition(name text) returns boolean language sql stable as $$
select exists (
    select from pg_inherits i where i.inhrelid = to_regclass(name) and i.inhparent = 'results_history'::regclass and not i.inhdetachpending)
$$;

-- Makes the partitions of this month and of so many after it. Each is made and then attached, so that writers go on. Answers how many were made.
create function prepare_history(ahead int) returns int language plpgsql as $$
declare
    month timestamp;
    name text;
    made int := 0;
begin
    for number in 0..ahead loop
        month := date_trunc('month', now() at time zone 'UTC') + make_interval(months => number);
        name := history_partition(month);
        if not has_history_partition(name) then
            -- Any number will do that nobody else uses as an advisory lock. Whoever has waited for it looks again.
            perform pg_advisory_xact_lock(7365010);
            if not has_history_partition(name) then
                execute format('create table if not exists %I (like results_history including defaults including constraints)', name);
                execute format('alter table results_history attach partition %I for values from (%L) to (%L)', name,
                    to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
                made := made + 1;
            end if;
        end if;
    end loop;
    return made;
end
$$;

-- Why the present transaction changes results, as whoever began it has said.
create function history_cause() returns text language sql stable as $$
select coalesce(nullif(current_setting('orderstream.cause', true), ''), 'hand')
$$;

-- The columns that the shop decides, and the mark of a refused change.
create function history_of(customer_id text, product_id text, quantity int, price numeric, total numeric, status text, ordered_at timestamp,
    updated_at timestamp, refused text)
returns jsonb language sql stable as $$
select jsonb_build_object('customer_id', customer_id, 'product_id', product_id, 'quantity', quantity, 'price', price, 'total', total,
    'status', status, 'ordered_at', ordered_at, 'updated_at', updated_at)
    || case when refused is null then '{}' else jsonb_build_object('refused', refused) end
$$;

-- Records inserts and updates. A statement whose month has no partition makes it, because neither may the change be lost nor the order wait:
-- without a partition the row would be refused, and its order with it. As the owner of the tables: somebody who may change results by hand need
-- not have a right on the history. Old and new rows come together by a full join, which Postgres does by hashes or by order whatever it
-- estimates: what it thinks of the number of rows is as old as the session.
create function record_history() returns trigger language plpgsql security definer as $$
begin
    if not has_history_partition(history_partition(date_trunc('month', now() at time zone 'UTC'))) then
        perform prepare_history(0);
    end if;
    if tg_op = 'INSERT' then
        insert into results_history
        select n.order_id, n.revision, now(), 'i', history_cause(), n.epoch, n.partition, n."offset", n.kind, n.commit_lsn, n.lsn, n.source_ms,
            n.customer_version, n.enrichment,
            history_of(n.customer_id, n.product_id, n.quantity, n.price, n.total, n.status, n.ordered_at, n.updated_at, n.refused)
        from became n;
    else
        insert into results_history
        select coalesce(n.order_id, o.order_id), coalesce(n.revision, o.revision), now(),
            case when n.order_id is null then 'd' when o.order_id is null then 'i' else 'u' end::"char", history_cause(),
            coalesce(n.epoch, o.epoch), coalesce(n.partition, o.partition), coalesce(n."offset", o."offset"), coalesce(n.kind, o.kind),
            case when n.order_id is null then o.commit_lsn else n.commit_lsn end, case when n.order_id is null then o.lsn else n.lsn end,
            case when n.order_id is null then o.source_ms else n.source_ms end,
            case when n.order_id is null then o.customer_version else n.customer_version end, coalesce(n.enrichment, o.enrichment),
            case when n.order_id is null then '{}' when o.order_id is null then
                history_of(n.customer_id, n.product_id, n.quantity, n.price, n.total, n.status, n.ordered_at, n.updated_at, n.refused)
            else
                case when n.customer_id is distinct from o.customer_id then jsonb_build_object('customer_id', n.customer_id) else '{}' end
                || case when n.product_id is distinct from o.product_id then jsonb_build_object('product_id', n.product_id) else '{}' end
                || case when n.quantity is distinct from o.quantity then jsonb_build_object('quantity', n.quantity) else '{}' end
                || case when n.price is distinct from o.price then jsonb_build_object('price', n.price) else '{}' end
                || case when n.total is distinct from o.total then jsonb_build_object('total', n.total) else '{}' end
                || case when n.status is distinct from o.status then jsonb_build_object('status', n.status) else '{}' end
                || case when n.ordered_at is distinct from o.ordered_at then jsonb_build_object('ordered_at', n.ordered_at) else '{}' end
                || case when n.updated_at is distinct from o.updated_at then jsonb_build_object('updated_at', n.updated_at) else '{}' end
                || case when n.refused is distinct from o.refused then jsonb_build_object('refused', n.refused) else '{}' end
            end
        from was o full join became n on n.order_id = o.order_id;
    end if;
    return null;
end
$$;

-- Records deletes, each with the place of its tombstone, which the same statement has written, or of the last state where a hand has removed the
-- row. A row that the same transaction has made was never there for anybody, as where an older event meets a tombstone: its line is taken out
-- again. By the indexes of tombstones and lines, whatever Postgres thinks of the size of the tables since the session began.
create function record_history_of_deletes() returns trigger language plpgsql security definer
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
    never bigint[];
begin
    if not has_history_partition(history_partition(date_trunc('month', now() at time zone 'UTC'))) then
        perform prepare_history(0);
    end if;
    with taken_out as (
        delete from results_history h using gone o
        where h.order_id = o.order_id and h.revision = o.revision and h.at = now() and h.op = 'i'
        returning h.order_id)
    select coalesce(array_agg(order_id), '{}') into never from taken_out;
    insert into results_history
    select o.order_id, coalesce(d.revision, o.revision), now(), 'd', history_cause(), coalesce(d.epoch, o.epoch), coalesce(d.partition, o.partition),
        coalesce(d."offset", o."offset"), coalesce(d.kind, o.kind), case when d.order_id is null then o.commit_lsn else d.commit_lsn end,
        case when d.order_id is null then o.lsn else d.lsn end, case when d.order_id is null then o.source_ms else d.source_ms end,
        o.customer_version, o.enrichment, '{}'
    from gone o
    left join lateral (select t.* from deleted_orders t where t.order_id = o.order_id and t.revision > o.revision limit 1) as d on true
    where o.order_id <> all (never);
    return null;
end
$$;

-- Records what TRUNCATE of results by hand removes: all rows, before they are gone.
create function record_history_of_truncate() returns trigger language plpgsql security definer as $$
begin
    if not has_history_partition(history_partition(date_trunc('month', now() at time zone 'UTC'))) then
        perform prepare_history(0);
    end if;
    insert into results_history
    select r.order_id, r.revision, now(), 't', history_cause(), r.epoch, r.partition, r."offset", r.kind, r.commit_lsn, r.lsn, r.source_ms,
        r.customer_version, r.enrichment, '{}'
    from results r;
    return null;
end
$$;

-- The functions of the triggers find their tables whatever the search path of the session is that changes a row.
do $$
declare
    name text;
begin
    foreach name in array array['record_history()', 'record_history_of_deletes()', 'record_history_of_truncate()'] loop
        execute format('alter function %s set search_path = %I, pg_temp', name, current_schema());
    end loop;
end
$$;

-- A trigger needs no right to be fired. Who may call these functions by a trigger on a table of his own could write lines of his own.
revoke execute on function record_history(), record_history_of_deletes(), record_history_of_truncate() from public;

create function history_is_on() returns boolean language sql stable as $$
select exists (select from pg_trigger where tgrelid = 'results'::regclass and tgname = 'results_history_of_inserts')
$$;

-- Begins or ends recording, and answers whether anything was changed. The triggers are made and dropped, and not disabled: Postgres would collect
-- the rows of each statement for a disabled one too.
create function switch_history(wanted boolean, who text) returns boolean language plpgsql as $$
begin
    if history_is_on() = wanted then
        return false;
    end if;
    perform pg_advisory_xact_lock(7365011);
    if history_is_on() = wanted then
        return false;
    end if;
    if wanted then
        perform prepare_history(2);
        create trigger results_history_of_inserts after insert on results
            referencing new table as became for each statement execute function record_history();
        create trigger results_history_of_updates after update on results
            referencing old table as was new table as became for each statement execute function record_history();
        create trigger results_history_of_deletes after delete on results
            referencing old table as gone for each statement execute function record_history_of_deletes();
        create trigger results_history_of_truncate before truncate on results
            for each statement execute function record_history_of_truncate();
    else
        drop trigger results_history_of_inserts on results;
        drop trigger results_history_of_updates on results;
        drop trigger results_history_of_deletes on results;
        drop trigger results_history_of_truncate on results;
    end if;
    insert into history_switches (is_on, switched_by) values (wanted, who);
    return true;
end
$$;

-- The changes of an order, the last 200 of them, and when recording began and ended.
create function order_history(bigint) returns json language sql stable as $$
select json_build_object(
    'is_on', exists (select from pg_trigger where tgrelid = 'results'::regclass and tgname = 'results_history_of_inserts'),
    'switches', (
        select coalesce(json_agg(s order by s.at), '[]') from (select at, is_on, switched_by from history_switches order by at desc limit 20) as s),
    'begins', (select min(c.relname::text) from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'results_history'::regclass),
    'changes', (
        select coalesce(json_agg(h order by h.revision, h.at, h.rank), '[]') from (
            select at, op, cause, revision, epoch, partition, "offset", kind, source_ms, customer_version, enrichment,
                (select coalesce(json_object_agg(c.key, c.value), '{}') from jsonb_each_text(changed) as c) as changed,
                position(op::text in 'iudt') as rank
            from results_history where order_id = $1 order by revision desc, at desc limit 200) as h))
$$;
