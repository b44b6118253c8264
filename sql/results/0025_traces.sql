-- oldest program: 17
-- What is known of one order, and of one customer, each in one round trip: `orderstream trace`. Every part is a look at an index, or at a table
-- that has a row for each partition, process or epoch. A list ends at a limit, so that no order and no customer is too much (P10). Numbers
-- that may not fit a double, and amounts, are texts; times of the shop are microseconds since 1970, with the ends of bigint as infinities.

create function micros_of(timestamp) returns bigint language sql immutable parallel safe as $$
select case
    when isfinite($1) then (extract(epoch from $1) * 1000000)::bigint
    when $1 > '2000-01-01' then '9223372036854775807'::bigint
    when $1 < '2000-01-01' then '-9223372036854775808'::bigint
end
$$;

create function order_trace(bigint) returns json language sql stable as $$
select json_build_object(
    'row', (
        select to_jsonb(r) || jsonb_build_object('price', r.price::text, 'total', r.total::text,
            'ordered_at', micros_of(r.ordered_at), 'updated_at', micros_of(r.updated_at))
        from results r where r.order_id = $1),
    'tombstone', (select to_json(d) from deleted_orders d where d.order_id = $1),
    'due', (select to_json(u) from due_orders u where u.order_id = $1),
    'due_customer', (
        select to_json(k) from due_customers k
        where k.customer_id = (select r.customer_id collate "default" from results r where r.order_id = $1)),
    'letters', (
        select coalesce(json_agg(l), '[]') from (
            select id, epoch, topic, partition, "offset", reason, stage, message, dlq_topic, dlq_partition, dlq_offset, replays, created_at,
                resolved_at, resolution
            from dead_letters where order_id = $1 order by created_at desc limit 50) as l),
    'letters_counted', (select count(*) from (select from dead_letters where order_id = $1 limit 1001) as l),
    'truncates', (
        select coalesce(json_agg(to_jsonb(t) || jsonb_build_object('covers_row', coalesce((
            select precedes_truncate(r.epoch, r.kind, r.commit_lsn, r.lsn, t.epoch, t.lsn) from results r where r.order_id = $1), false))), '[]')
        from truncates t),
    'partitions', (
        select coalesce(json_agg(o), '[]') from (
            select epoch, topic, partition, next_offset, claimed_by, last_ms, stopped from consumer_offsets
            order by epoch desc, topic, partition limit 5000) as o),
    'neighbours', (
        select coalesce(json_agg(n), '[]') from (
            (select order_id, partition, epoch from results where order_id < $1 order by order_id desc limit 5)
            union all (select order_id, partition, epoch from results where order_id > $1 order by order_id limit 5)) as n))
$$;

-- A function for its settings: Postgres may take a customer for one with few orders, and a bitmap of millions would be made before the first row.
create function customer_trace(text) returns json language sql stable set enable_seqscan = off set enable_bitmapscan = off as $$
select json_build_object(
    'due', (select to_json(k) from due_customers k where k.customer_id = $1),
    'rows', (
        select json_build_object('counted', count(*),
            'complete', count(*) filter (where r.enrichment = 'complete'), 'missing', count(*) filter (where r.enrichment = 'missing'),
            'pending', count(*) filter (where r.enrichment = 'pending'),
            'due', count(u.order_id), 'refusal', max(u.refusal),
            'versions', array(select distinct v.customer_version from (
                select customer_version from results where customer_id = $1 limit 1001) as v where v.customer_version is not null limit 5))
        from (select order_id, enrichment from results where customer_id = $1 limit 1001) as r
        left join due_orders u on u.order_id = r.order_id),
    'orders', array(select order_id::text from (select order_id from results where customer_id = $1 limit 5) as o order by o.order_id),
    'letters', (
        select coalesce(json_agg(l), '[]') from (
            select id, epoch, topic, partition, "offset", reason, stage, message, dlq_topic, dlq_partition, dlq_offset, replays, created_at,
                resolved_at, resolution
            from dead_letters where customer_id = $1 order by created_at desc limit 50) as l),
    'letters_counted', (select count(*) from (select from dead_letters where customer_id = $1 limit 1001) as l),
    'partitions', (
        select coalesce(json_agg(o), '[]') from (
            select epoch, topic, partition, next_offset, claimed_by, last_ms, stopped from consumer_offsets
            order by epoch desc, topic, partition limit 5000) as o))
$$;
