//! The rows of dead letters, in the transaction that moves the offset past them (P1, P7).

use sqlx::postgres::PgConnection;

use super::batch::LetterRow;
use super::{Claim, StoreError};

const LETTERS: &str = "
insert into dead_letters (id, epoch, topic, partition, \"offset\", order_id, reason, stage, message, replays, dlq_topic, dlq_partition, dlq_offset)
select id, $1, $2, $3, o, order_id, reason, stage, message, replays, dlq_topic, dlq_partition, dlq_offset
from unnest($4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::text[], $10::int[], $11::text[], $12::int[], $13::bigint[])
    as l (id, o, order_id, reason, stage, message, replays, dlq_topic, dlq_partition, dlq_offset)
on conflict (id) do update set dlq_topic = excluded.dlq_topic, dlq_partition = excluded.dlq_partition, dlq_offset = excluded.dlq_offset";

/// Records the letters; one that was sent again by a retry keeps its row and points to the newer copy.
pub(super) async fn insert(connection: &mut PgConnection, claim: &Claim, letters: &[LetterRow]) -> Result<(), StoreError> {
    if letters.is_empty() {
        return Ok(());
    }
    let column = |of: fn(&LetterRow) -> &str| letters.iter().map(of).collect::<Vec<_>>();
    sqlx::query(LETTERS)
        .bind(claim.epoch)
        .bind(&*claim.topic)
        .bind(claim.partition)
        .bind(column(|letter| &letter.id))
        .bind(letters.iter().map(|letter| letter.offset).collect::<Vec<_>>())
        .bind(letters.iter().map(|letter| letter.order_id).collect::<Vec<_>>())
        .bind(column(|letter| letter.rejection.reason.as_str()))
        .bind(column(|letter| letter.rejection.stage.as_str()))
        .bind(column(|letter| &letter.rejection.message))
        .bind(letters.iter().map(|letter| letter.replays).collect::<Vec<_>>())
        .bind(column(|letter| &letter.dlq_topic))
        .bind(letters.iter().map(|letter| letter.dlq_partition).collect::<Vec<_>>())
        .bind(letters.iter().map(|letter| letter.dlq_offset).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}
