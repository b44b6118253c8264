//! P2: `results` equals `orders` joined with `customers`, row for row.

use anyhow::Result;

use super::Finding;
use crate::world::World;

const DIFFERENCES: &str = "
with expected as (
    select o.id as order_id, o.customer_id, c.name, c.email, c.tier, c.country, o.product_id, o.quantity, o.price, o.quantity * o.price as total,
        o.status, o.created_at, o.updated_at, case when c.id is null then 'missing' else 'complete' end as enrichment
    from orders o left join customers c on c.id = o.customer_id),
actual as (
    select order_id, customer_id, customer_name, customer_email, customer_tier, customer_country, product_id, quantity, price, total,
        status, ordered_at, updated_at, enrichment
    from results)
(select 'expected', * from (select * from expected except all select * from actual) as missing)
union all
(select 'found', * from (select * from actual except all select * from expected) as extra)
order by 2, 1";

pub(super) fn differences(world: &World) -> Result<Vec<Finding>> {
    let differences: Vec<String> = world.stack.psql(DIFFERENCES)?.lines().map(str::to_owned).collect();
    Ok(Finding::of("P2", &differences))
}
