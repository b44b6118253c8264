//! Sends the dead letters of a batch, and makes the rows that record them (P7).

use change::record::Record;
use kafka::dead_letter::{Landed, dlq_id, replays};
use service::traces::Span;
use worker::Revoked;
use worker::letters::{Letters, Told};

use crate::metrics::Step;
use crate::orders::refusal::{Refusal, Refusals};
use crate::results::batch::LetterRow;
use crate::shared::{Place, Shared};

/// Sends the refused records that have not landed yet. Waits while Kafka is away (P6).
pub(crate) async fn acknowledged(
    letters: &mut Letters,
    shared: &Shared,
    place: &Place,
    batch: &Span,
    records: &[Record],
    refusals: &Refusals,
) -> Result<Vec<LetterRow>, Revoked> {
    let (claim, mut backoff) = (&place.tenure.claim, shared.backoff());
    let tell = |told: Told<'_>| match told {
        Told::Waits(reason) => shared.health.waiting(&claim.topic, claim.partition, reason),
        Told::Troubled(error) => place.letters_troubled(shared, error),
        Told::GoesOn => shared.health.running(&claim.topic, claim.partition),
    };
    let send = |open: Vec<_>| async move { shared.timed(Step::DeadLetter, batch, shared.letters.send(&open)).await };
    letters.acknowledge((&place.tenure, shared.letters.topic()), records, refusals, send, tell, || backoff.next_delay()).await?;
    let rows =
        refusals.iter().filter_map(|(index, refusal)| Some(row(shared, claim.epoch, &records[*index], refusal, letters.landed(*index)?)));
    Ok(rows.collect())
}

fn row(shared: &Shared, epoch: i32, record: &Record, refusal: &Refusal, landed: Landed) -> LetterRow {
    LetterRow {
        id: dlq_id(record, epoch),
        offset: record.offset,
        order_id: refusal.order_id,
        customer_id: refusal.customer_id.clone(),
        position: refusal.position,
        rejection: refusal.rejection.clone(),
        replays: i32::try_from(replays(record)).unwrap_or(i32::MAX),
        dlq_topic: shared.letters.topic().to_owned(),
        dlq_partition: landed.partition,
        dlq_offset: landed.offset,
    }
}
