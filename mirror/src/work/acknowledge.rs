//! Sends the dead letters of a batch, and waits for their acknowledgement before the offset moves past them (P7).

use std::collections::HashMap;

use change::record::Record;
use kafka::dead_letter::{DeadLetter, Landed, dlq_id, replays};
use worker::Stopped;

use super::Worker;
use crate::letters::{LetterRow, Refusals};

impl Worker {
    /// Sends the refused records that have not `landed` yet. Waits while Kafka is away or does not take them (P6).
    pub(super) async fn acknowledged(
        &self,
        records: &[Record],
        refusals: &Refusals,
        landed: &mut HashMap<usize, Landed>,
    ) -> Result<Vec<LetterRow>, Stopped> {
        let mut backoff = self.shared.backoff();
        let epoch = self.tenure.claim.epoch;
        loop {
            let open: Vec<usize> = refusals.keys().copied().filter(|index| !landed.contains_key(index)).collect();
            if open.is_empty() {
                break;
            }
            let letter = |index: &usize| DeadLetter { record: &records[*index], rejection: &refusals[index].rejection, epoch };
            let letters: Vec<DeadLetter<'_>> = open.iter().map(letter).collect();
            match self.shared.letters.send(&letters).await {
                Ok(fates) => {
                    for (index, fate) in open.into_iter().zip(fates) {
                        match fate {
                            Ok(place) => drop(landed.insert(index, place)),
                            Err(error) => self
                                .shared
                                .health
                                .waiting(&self.partition, format!("dead letter topic {}: {error}", self.shared.letters.topic())),
                        }
                    }
                }
                Err(error) => self.shared.health.waiting(&self.partition, format!("a dead letter was not acknowledged: {error}")),
            }
            if refusals.keys().any(|index| !landed.contains_key(index)) {
                self.tenure.pause(backoff.next_delay()).await?;
            }
        }
        let rows = refusals.iter().filter_map(|(index, refusal)| {
            let record = &records[*index];
            Some(LetterRow {
                id: dlq_id(record, epoch),
                offset: record.offset,
                table: refusal.table.clone(),
                rejection: refusal.rejection.clone(),
                replays: i32::try_from(replays(record)).unwrap_or(i32::MAX),
                dlq_topic: self.shared.letters.topic().to_owned(),
                landed: *landed.get(index)?,
            })
        });
        Ok(rows.collect())
    }
}
