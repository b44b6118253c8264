//! Sets the mark `refused` on rows that are older than the source, because a newer change of their order was refused (P2, P9).
//!
//! The mark is set in the transaction that writes the row of the dead letter, and only if the refused change stands behind the position of
//! the row (P5). A change that Debezium sends again and that is refused again says nothing of a row that has come further. The upsert takes
//! the mark away, unless a letter is still open that came after the change that the upsert writes.

use ledger::StoreError;
use sqlx::postgres::PgConnection;

use super::batch::LetterRow;
use ledger::arrays::Positions;

/// The rows are locked in the order in which a batch writes them. If an order has several letters, the last one counts.
const MARK: &str = "
with c as (
    select distinct on (order_id) * from unnest($1::bigint[], $2::text[], $3::int[], $4::int[], $5::bigint[], $6::\"char\"[], $7::bigint[], $8::bigint[])
        as c (order_id, reason, epoch, partition, \"offset\", kind, commit_lsn, lsn)
    order by order_id, \"offset\" desc),
mine as (
    select r.order_id, c.reason from results r join c using (order_id)
    where r.refused is distinct from c.reason and position_supersedes(c.epoch, c.partition, c.\"offset\", c.kind, c.commit_lsn, c.lsn,
        r.epoch, r.partition, r.\"offset\", r.kind, r.commit_lsn, r.lsn)
    order by r.order_id for update of r)
update results r set refused = mine.reason, revision = nextval('results_revision') from mine where r.order_id = mine.order_id
returning r.order_id";

/// Marks the rows. Returns their orders, whose hashes are to be written again.
pub(super) async fn mark(connection: &mut PgConnection, letters: &[LetterRow]) -> Result<Vec<i64>, StoreError> {
    let of_orders: Vec<_> = letters.iter().filter_map(|letter| Some((letter.order_id?, letter, letter.position?))).collect();
    if of_orders.is_empty() {
        return Ok(Vec::new());
    }
    let mut positions = Positions::with_capacity(of_orders.len());
    of_orders.iter().try_for_each(|(_, _, position)| positions.push(position)).map_err(sqlx::Error::Encode)?;
    let query = sqlx::query_scalar(MARK)
        .bind(of_orders.iter().map(|(order_id, ..)| *order_id).collect::<Vec<_>>())
        .bind(of_orders.iter().map(|(_, letter, _)| letter.rejection.reason.as_str()).collect::<Vec<_>>())
        .bind(positions.epoch)
        .bind(positions.partition)
        .bind(positions.offset)
        .bind(positions.kind)
        .bind(positions.commit)
        .bind(positions.lsn);
    Ok(query.fetch_all(connection).await?)
}
