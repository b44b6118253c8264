//! The check of the audit trail: the history of each order is the sequence of the states of its row, and ends with the row as it is.

use anyhow::Result;

use super::Finding;
use crate::world::World;

/// The trail is written by the program for whoever asks later, so no promise has its number.
pub(crate) const TRAIL: &str = "the audit trail";

/// What is wrong with the history, one line each:
///
/// - A life of a row begins with an insert, goes on with updates, and ends with a delete or a truncate.
/// - The last line has the revision of the row, and says that there is one, or that there is none.
/// - The values of the lines of a life, one over the other, are the values of the row.
const WRONG: &str = "
with line as (
    select *, row_number() over (partition by order_id order by revision, at, position(op::text in 'iudt')) as number from results_history),
told as (
    select *, lag(op) over of_order as before, lead(op) over of_order is null as is_last,
        count(*) filter (where op = 'i') over (partition by order_id order by number) as life
    from line window of_order as (partition by order_id order by number)),
last as (select * from told where is_last),
value as (
    select t.order_id, jsonb_object_agg(c.key, c.value order by t.number) as are
    from told t join last l on l.order_id = t.order_id and l.life = t.life, jsonb_each(t.changed) as c
    group by t.order_id)
select 'order ' || order_id || ': ' || op::text || ' after ' || coalesce(before::text, 'nothing') from told
where (op = 'i') <> (coalesce(before, 'd') in ('d', 't'))
union all
select 'order ' || coalesce(r.order_id, l.order_id) || ': the last line is ' || coalesce(l.op::text || ' of revision ' || l.revision, 'absent')
    || ', the row has revision ' || coalesce(r.revision::text, 'none')
from results r full join last l on l.order_id = r.order_id
where case when r.order_id is null then l.op not in ('d', 't') else l.op is null or l.op in ('d', 't') or l.revision <> r.revision end
union all
select 'order ' || r.order_id || ': the lines say ' || jsonb_strip_nulls(v.are)::text
from results r join value v using (order_id)
where jsonb_strip_nulls(v.are) <> jsonb_strip_nulls(history_of(r.customer_id, r.product_id, r.quantity, r.price, r.total, r.status, r.ordered_at,
    r.updated_at, r.refused))";

pub(crate) fn differences(world: &World) -> Result<Vec<Finding>> {
    let wrong: Vec<String> = world.stack.psql(WRONG)?.lines().map(str::to_owned).collect();
    Ok(Finding::of(TRAIL, &wrong))
}
