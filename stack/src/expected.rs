//! SQL that says what `results` and Redis have to be, asked of the shop's own tables. The tests and the chaos harness use it.

/// Selects every difference between `results` and `orders` joined with `customers`; there is no row if all is right (P2).
pub const DIFFERENCES: &str = "
with expected as (
    select o.id as order_id, o.customer_id, c.name, c.email, c.tier, c.country, o.product_id, o.quantity, o.price, o.quantity * o.price as total,
        o.status, o.created_at, o.updated_at, case when o.customer_id is null then 'none' when c.id is null then 'missing' else 'complete' end as enrichment
    from orders o left join customers c on c.id = o.customer_id),
actual as (
    select order_id, customer_id, customer_name, customer_email, customer_tier, customer_country, product_id, quantity, price, total,
        status, ordered_at, updated_at, enrichment
    from results)
(select 'expected', * from (select * from expected except all select * from actual) as missing)
union all
(select 'found', * from (select * from actual except all select * from expected) as extra)
order by 2, 1";

/// Selects for each row the hash that the order must have in Redis, as JSON (P8).
pub const HASHES: &str = r#"
select json_strip_nulls(json_build_object(
    'order_id', order_id::text, 'customer_id', customer_id, 'customer_name', customer_name, 'customer_email', customer_email,
    'customer_tier', customer_tier, 'customer_country', customer_country, 'product_id', product_id, 'quantity', quantity::text,
    'price', price::text, 'total', total::text, 'status', status, 'enrichment', enrichment, 'refused', refused,
    'ordered_at', to_char(ordered_at, 'YYYY-MM-DD"T"HH24:MI:SS.US'), 'updated_at', to_char(updated_at, 'YYYY-MM-DD"T"HH24:MI:SS.US'),
    'processed_at', to_char(processed_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'version', lpad(epoch::text, 10, '0') || '-' || lpad(revision::text, 20, '0')))
from results"#;
