//! Writes the rows of dead letters, in the transaction that moves the offset past their records (P1, P7).

use std::ops::Range;

use change::rejection::Reason;
use ledger::{Claim, StoreError};
use sqlx::postgres::PgConnection;
use worker::letter_cap::BY_CHOICE;

use super::Results;
use super::batch::LetterRow;
use ledger::arrays::kind_code;

const LETTERS: &str = "
insert into dead_letters (id, epoch, topic, partition, \"offset\", order_id, customer_id, reason, stage, message, replays, dlq_topic,
    dlq_partition, dlq_offset, kind, commit_lsn, lsn)
select id, $1, $2, $3, o, order_id, customer_id, reason, stage, message, replays, dlq_topic, dlq_partition, dlq_offset, kind, commit_lsn, lsn
from unnest($4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::text[], $10::int[], $11::text[], $12::int[], $13::bigint[],
    $14::text[], $15::\"char\"[], $16::bigint[], $17::bigint[])
    as l (id, o, order_id, reason, stage, message, replays, dlq_topic, dlq_partition, dlq_offset, customer_id, kind, commit_lsn, lsn)
on conflict (id) do update set dlq_topic = excluded.dlq_topic, dlq_partition = excluded.dlq_partition, dlq_offset = excluded.dlq_offset";

/// Records the letters. A letter that was sent again by a retry keeps its row, which then points to the newer copy.
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
        .bind(letters.iter().map(|letter| letter.customer_id.as_deref()).collect::<Vec<_>>())
        .bind(letters.iter().map(|letter| letter.position.map(|position| kind_code(position.kind))).collect::<Vec<_>>())
        .bind(letters.iter().map(|letter| letter.position?.commit).collect::<Vec<_>>())
        .bind(letters.iter().map(|letter| letter.position?.lsn).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

const LETTERS_IN: &str = "
select count(*) from dead_letters
where topic = $1 and partition = $2 and \"offset\" >= $3 and \"offset\" < $4 and epoch = $5 and resolved_at is null and reason <> all($6)";

/// A letter without an order or a customer counts for itself.
const LETTERS_IN_A_ROW: &str = "
select distinct coalesce(order_id::text, customer_id, id) from dead_letters
where topic = $1 and partition = $2 and \"offset\" >= $3 and \"offset\" < $4 and epoch = $5 and resolved_at is null and reason <> all($6)
    and \"offset\" >= coalesce((select clean_to from consumer_offsets where topic = $1 and partition = $2 and epoch = $5), 0)
limit $7";

impl Results {
    /// Reads the dead letters at the end of these offsets that stand in a row, with no good record among them. Returns whom they are about,
    /// each once. Closed letters and letters by choice are left out.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn letters_in_a_row(&self, claim: &Claim, offsets: Range<i64>, limit: usize) -> Result<Vec<String>, StoreError> {
        let query = sqlx::query_scalar(LETTERS_IN_A_ROW)
            .bind(&*claim.topic)
            .bind(claim.partition)
            .bind(offsets.start)
            .bind(offsets.end)
            .bind(claim.epoch)
            .bind(BY_CHOICE.map(Reason::as_str).to_vec())
            .bind(i64::try_from(limit).unwrap_or(i64::MAX));
        Ok(self.lease().await?.ask(|on| query.fetch_all(on)).await?)
    }

    /// The number of open dead letters of the partition with these offsets. Letters by choice are left out.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn letters_in(&self, claim: &Claim, offsets: Range<i64>) -> Result<u64, StoreError> {
        let query = sqlx::query_scalar(LETTERS_IN)
            .bind(&*claim.topic)
            .bind(claim.partition)
            .bind(offsets.start)
            .bind(offsets.end)
            .bind(claim.epoch)
            .bind(BY_CHOICE.map(Reason::as_str).to_vec());
        let count: i64 = self.lease().await?.ask(|on| query.fetch_one(on)).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}
