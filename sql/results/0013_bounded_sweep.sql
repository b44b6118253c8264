-- The sweep works in steps that are bounded whatever one customer or one order has, and what Postgres refuses holds up only itself (P10, P13).

-- Why Postgres refused the row when the sweep last tried to complete it: code and names of the schema, never a value (P11).
alter table due_orders add column refusal text;

-- A customer with very many orders is looked through in key order: walk_at is how far, null before; an order that the walk has passed when the
-- customer changes again is come to once more, because the walk then goes on to the end, and from the start to walk_until.
alter table due_customers
    add column walk_at bigint,
    add column walk_until bigint,
    add column walk_wrapped boolean not null default false;

-- A truncate whose rows were not all removed, because Postgres refused some, looks through all again from then on.
alter table truncates add column refused bigint not null default 0, add column sweep_at timestamptz;

-- Marks customers who have rows with another version of them. A hundred of a customer's rows are looked at: if they are not all there are, the
-- customer is marked whatever they say, and the sweep looks through the others, a step at a time. A later change of a customer replaces the
-- mark of an earlier one, also where every row has followed it already: no row would ever have the version of the earlier mark again.
-- A function for its settings: Postgres may take a customer for one with few orders, and a bitmap of millions is made before the first row.
create function mark_customers(ids text[], versions text[], of_partition int, refresh boolean)
returns void language plpgsql set enable_seqscan = off set enable_bitmapscan = off as $$
begin
    insert into due_customers as d (customer_id, partition, version, stamp)
    select c.id, of_partition, c.version, nextval('due_stamp') from unnest(ids, versions) as c (id, version)
    where (
        select count(*) = 100 or coalesce(bool_or(r.customer_version is distinct from c.version and (refresh or r.enrichment <> 'complete')), false)
        from (select customer_version, enrichment from results where customer_id = c.id limit 100) as r)
    or exists (select from due_customers k where k.customer_id = c.id)
    order by c.id
    on conflict (customer_id) do update
    set partition = excluded.partition, version = excluded.version, stamp = excluded.stamp, marked_at = now(),
        walk_until = d.walk_at, walk_wrapped = false;
end
$$;

-- A step for one mark: puts orders of the customer on the list that have another version of the customer than `now_is`, and takes the mark away
-- when all were looked at. Customers with up to `few` orders are done in one step, by the index. Of those with more, the index would be read from
-- its start each time; so all of results is walked through in key order, `step` rows of it at a time.
-- Orders that were put on the list since the mark are left alone, unless they are postponed: their customer has come.
create function expand_customer(id text, now_is text, refresh boolean, mark bigint, few int, step int)
returns table (put bigint, is_done boolean) language plpgsql
set enable_seqscan = off set enable_bitmapscan = off set plan_cache_mode = force_custom_plan as $$
declare
    m due_customers;
    from_id bigint;
    to_id bigint;
    seen bigint;
begin
    put := 0;
    is_done := true;
    -- Another stamp: the customer has changed again, and the later mark is worked off.
    select * into m from due_customers d where d.customer_id = id and d.stamp = mark for update;
    if not found then
        return next;
        return;
    end if;

    if m.walk_at is null then
        seen := (select count(*) from (select from results r where r.customer_id = id limit few + 1) as looked_at);
        if seen > few then
            update due_customers d set walk_at = -9223372036854775808 where d.customer_id = id;
            is_done := false;
            return next;
            return;
        end if;
        insert into due_orders as d (order_id, partition, due_at, stamp)
        select r.order_id, r.partition, now(), (select nextval('due_stamp')) from results r
        where r.customer_id = id and r.customer_version is distinct from now_is and (refresh or r.enrichment <> 'complete')
            and not exists (select from due_orders k where k.order_id = r.order_id and k.due_at <= now() and k.stamp > mark)
        order by r.order_id
        on conflict (order_id) do update
        set partition = excluded.partition, due_at = excluded.due_at, attempts = 0, stamp = excluded.stamp;
        get diagnostics put = row_count;
    else
        from_id := m.walk_at;
        select max(w.order_id), count(*) into to_id, seen
        from (select r.order_id from results r where r.order_id > from_id order by r.order_id limit step) as w;
        insert into due_orders as d (order_id, partition, due_at, stamp)
        select r.order_id, r.partition, now(), (select nextval('due_stamp')) from results r
        where r.order_id > from_id and r.order_id <= to_id
            and r.customer_id = id and r.customer_version is distinct from now_is and (refresh or r.enrichment <> 'complete')
            and not exists (select from due_orders k where k.order_id = r.order_id and k.due_at <= now() and k.stamp > mark)
        order by r.order_id
        on conflict (order_id) do update
        set partition = excluded.partition, due_at = excluded.due_at, attempts = 0, stamp = excluded.stamp;
        get diagnostics put = row_count;
        if seen < step and m.walk_until is not null and not m.walk_wrapped then
            update due_customers d set walk_at = -9223372036854775808, walk_wrapped = true, marked_at = clock_timestamp() where d.customer_id = id;
            is_done := false;
        elsif seen = step and not (m.walk_wrapped and to_id >= m.walk_until) then
            update due_customers d set walk_at = to_id, marked_at = clock_timestamp() where d.customer_id = id;
            is_done := false;
        end if;
    end if;
    if is_done then
        delete from due_customers d where d.customer_id = id;
    end if;
    return next;
end
$$;

-- Completes rows one by one, for when some of them are refused: each in a subtransaction of its own, so that one costs only itself. Only rows that
-- are still as they were read. Answers the new revision, or why Postgres refused the row, without any value of it (P11); nothing for a row that
-- has changed. An error that is no row's ends it all.
create function refresh_one_by_one(
    ids bigint[], revisions bigint[], names text[], emails text[], tiers text[], countries text[], versions text[], enrichments text[], at timestamptz)
returns table (order_id bigint, revision bigint, refusal text) language plpgsql as $$
#variable_conflict use_column
declare
    c record;
    code text;
    of_table text;
    of_column text;
    of_constraint text;
begin
    -- A deferred constraint speaks up only at commit, too late to know whose it is.
    set constraints all immediate;
    for c in
        select * from unnest(ids, revisions, names, emails, tiers, countries, versions, enrichments)
            as c (id, seen, name, email, tier, country, version, enrichment) order by id
    loop
        begin
            return query update results r
            set customer_name = c.name, customer_email = c.email, customer_tier = c.tier, customer_country = c.country,
                customer_version = c.version, enrichment = c.enrichment, processed_at = at, revision = nextval('results_revision')
            where r.order_id = c.id and r.revision = c.seen
            returning r.order_id, r.revision, null::text;
        exception when others then
            get stacked diagnostics code = returned_sqlstate, of_table = table_name, of_column = column_name, of_constraint = constraint_name;
            if left(code, 2) not in ('22', '23', '54') and code not in ('P0001', '44000') then
                raise;
            end if;
            return query select c.id, null::bigint, concat_ws(', ', 'SQLSTATE ' || code, 'table ' || nullif(of_table, ''),
                'column ' || nullif(of_column, ''), 'constraint ' || nullif(of_constraint, ''));
        end;
    end loop;
end
$$;

-- What the rows say of customers: the first complete one among a thousand of each customer's. A customer who was missing until now may have
-- millions of rows, none of them complete, and would have to be looked through to the end. A function for its settings, as above.
create function customers_in_rows(ids text[])
returns table (id text, name text, email text, tier text, country text) language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off as $$
begin
    return query
    select c.id, r.customer_name, r.customer_email, r.customer_tier, r.customer_country from unnest(ids) as c (id)
    cross join lateral (
        select * from (select * from results s where s.customer_id = c.id limit 1000) as first where first.enrichment = 'complete' limit 1) as r;
end
$$;

-- What retention goes by: the time at which a letter was closed, and the lowest record of the dead letter topic that a letter still has.
create index dead_letters_resolved on dead_letters (resolved_at) where resolved_at is not null;
create index dead_letters_by_place on dead_letters (dlq_topic, dlq_partition, dlq_offset);
