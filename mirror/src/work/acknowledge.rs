//! Sends the dead letters of a batch, and makes the rows that record them (P7).

use std::time::Instant;

use change::record::Record;
use kafka::dead_letter::{dlq_id, replays};
use worker::letters::{Letters, Told};
use worker::{Revoked, Tenure};

use super::Worker;
use crate::letters::{LetterRow, Refusals};
use crate::metrics::Step;

impl Worker {
    /// Sends the refused records that have not landed yet. Waits while Kafka is away or does not take them (P6).
    pub(super) async fn acknowledged(
        &self,
        letters: &mut Letters,
        records: &[Record],
        refusals: &Refusals,
    ) -> Result<Vec<LetterRow>, Revoked> {
        let (shared, tenure): (_, &Tenure) = (&self.shared, &self.tenure);
        let (epoch, mut backoff) = (tenure.claim.epoch, shared.backoff());
        let tell = |told: Told<'_>| match told {
            Told::Waits(reason) => shared.health.waiting(&self.partition, reason),
            Told::Troubled(error) => shared.health.letters_troubled(&self.partition, error),
            Told::GoesOn => shared.health.running(&self.partition),
        };
        let send = |open: Vec<_>| async move { shared.letters.send(&open).await };
        let began = Instant::now();
        letters.acknowledge((tenure, shared.letters.topic()), records, refusals, send, tell, || backoff.next_delay()).await?;
        if !refusals.is_empty() {
            self.took(Step::DeadLetter, began);
        }
        let rows = refusals.iter().filter_map(|(index, refusal)| {
            let record = &records[*index];
            Some(LetterRow {
                id: dlq_id(record, epoch),
                offset: record.offset,
                table: refusal.table.clone(),
                rejection: refusal.rejection.clone(),
                replays: i32::try_from(replays(record)).unwrap_or(i32::MAX),
                dlq_topic: shared.letters.topic().to_owned(),
                landed: letters.landed(*index)?,
            })
        });
        Ok(rows.collect())
    }
}
