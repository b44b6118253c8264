//! Records dead letters, in the transaction that moves the offset past them (P1, P7).

use std::ops::Range;

use change::rejection::Reason;
use ledger::{Claim, StoreError};
use sqlx::postgres::PgConnection;

use worker::letter_cap::BY_CHOICE;

use super::Store;
use crate::letters::LetterRow;

const RECORD: &str = "
insert into dead_letters (id, epoch, topic, partition, \"offset\", table_schema, table_name, reason, stage, message, dlq_topic, dlq_partition, dlq_offset, replays)
select id, $1, $2, $3, o, ts, tn, reason, stage, message, $4, dp, \"do\", replays
from unnest($5::text[], $6::bigint[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::int[], $13::bigint[], $14::int[])
    as l (id, o, ts, tn, reason, stage, message, dp, \"do\", replays)
on conflict (id) do update set
    reason = excluded.reason, stage = excluded.stage, message = excluded.message, dlq_topic = excluded.dlq_topic,
    dlq_partition = excluded.dlq_partition, dlq_offset = excluded.dlq_offset, replays = excluded.replays,
    resolved_at = null, resolution = null";

/// How many open letters stand at these offsets, and the ids of the last of them that stand behind the last good record.
const BEFORE: &str = "
with l as (
    select id, \"offset\" from dead_letters
    where topic = $1 and partition = $2 and \"offset\" >= $3 and \"offset\" < $4 and epoch = $5 and resolved_at is null and reason <> all ($6)),
o as (select coalesce(clean_to, 0) as clean_to from consumer_offsets where topic = $1 and partition = $2 and epoch = $5)
select (select count(*) from l), array(select id from l, o where l.\"offset\" >= o.clean_to order by l.\"offset\" desc limit $7)";

impl Store {
    /// How many open dead letters the partition has at these offsets, and the ids of up to `limit` of them that stand in a row before the end.
    ///
    /// # Errors
    /// If Postgres is away or refuses.
    pub async fn letters_before(&self, claim: &Claim, offsets: Range<i64>, limit: usize) -> Result<(u64, Vec<String>), StoreError> {
        let query = sqlx::query_as(BEFORE)
            .bind(&*claim.topic)
            .bind(claim.partition)
            .bind(offsets.start)
            .bind(offsets.end)
            .bind(claim.epoch)
            .bind(BY_CHOICE.map(Reason::as_str).to_vec())
            .bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let (count, row): (i64, Vec<String>) = self.ledger.lease().await?.ask(|on| query.fetch_one(on)).await?;
        Ok((u64::try_from(count).unwrap_or(0), row))
    }
}

/// Records the letters. A letter that was recorded before, by a transaction that was run again, is recorded once.
pub(super) async fn record(on: &mut PgConnection, claim: &Claim, letters: &[LetterRow]) -> Result<(), StoreError> {
    let Some(first) = letters.first() else { return Ok(()) };
    sqlx::query(RECORD)
        .bind(claim.epoch)
        .bind(&*claim.topic)
        .bind(claim.partition)
        .bind(&first.dlq_topic)
        .bind(letters.iter().map(|letter| letter.id.clone()).collect::<Vec<_>>())
        .bind(letters.iter().map(|letter| letter.offset).collect::<Vec<_>>())
        .bind(letters.iter().map(|letter| letter.table.as_ref().map(|table| table.schema.clone())).collect::<Vec<_>>())
        .bind(letters.iter().map(|letter| letter.table.as_ref().map(|table| table.table.clone())).collect::<Vec<_>>())
        .bind(letters.iter().map(|letter| letter.rejection.reason.as_str()).collect::<Vec<_>>())
        .bind(letters.iter().map(|letter| letter.rejection.stage.as_str()).collect::<Vec<_>>())
        .bind(letters.iter().map(|letter| letter.rejection.message.clone()).collect::<Vec<_>>())
        .bind(letters.iter().map(|letter| letter.landed.partition).collect::<Vec<_>>())
        .bind(letters.iter().map(|letter| letter.landed.offset).collect::<Vec<_>>())
        .bind(letters.iter().map(|letter| letter.replays).collect::<Vec<_>>())
        .execute(on)
        .await?;
    Ok(())
}
