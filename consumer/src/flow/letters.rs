//! Sends the dead letters of a batch, and waits for their acknowledgement before the offset moves past them (P7).

use std::collections::HashMap;

use change::record::Record;
use kafka::dead_letter::{DeadLetter, Landed, Undeliverable, dlq_id, replays};
use service::traces::Span;
use worker::Revoked;

use crate::metrics::Step;
use crate::orders::refusal::{Refusal, Refusals};
use crate::results::batch::LetterRow;
use crate::shared::{Place, Shared};

/// The letters that were acknowledged so far, by index of the record, so that a transaction that is tried again does not send them again.
#[derive(Debug, Default)]
pub(crate) struct Letters {
    landed: HashMap<usize, Landed>,
    /// The reason that was last reported for the letters that are left, so that each reason is reported once.
    told: Option<String>,
}

impl Letters {
    /// Sends the refused records that are not on the dead letter topic yet. Waits while Kafka is away (P6).
    pub(crate) async fn acknowledged(
        &mut self,
        shared: &Shared,
        place: &Place,
        batch: &Span,
        records: &[Record],
        refusals: &Refusals,
    ) -> Result<Vec<LetterRow>, Revoked> {
        let mut backoff = shared.backoff();
        loop {
            let open: Vec<usize> = refusals.keys().copied().filter(|index| !self.landed.contains_key(index)).collect();
            if open.is_empty() {
                break;
            }
            let epoch = place.tenure.claim.epoch;
            let letter = |index: &usize| DeadLetter { record: &records[*index], rejection: &refusals[index].rejection, epoch };
            let letters: Vec<DeadLetter<'_>> = open.iter().map(letter).collect();
            match shared.timed(Step::DeadLetter, batch, shared.letters.send(&letters)).await {
                Ok(fates) => {
                    let refused = fates.iter().find_map(|fate| fate.as_ref().err().cloned());
                    self.landed.extend(open.into_iter().zip(fates).filter_map(|(index, fate)| Some((index, fate.ok()?))));
                    refused.into_iter().for_each(|refused| self.refused(shared, place, refusals.len(), &refused));
                }
                Err(error) => match error.remedy() {
                    Some(remedy) => self.somebody_has_to_act(shared, place, &format!("{error}; {remedy}")),
                    None => place.letters_troubled(shared, &error),
                },
            }
            // The letters that are left wait, because a record that is neither applied nor on the dead letter topic would be lost.
            if self.landed.len() < refusals.len() {
                place.tenure.pause(backoff.next_delay()).await?;
            }
        }
        if self.told.take().is_some() {
            tracing::info!(topic = %place.tenure.claim.topic, partition = place.tenure.claim.partition, "The dead letters are accepted; the partition goes on");
            shared.health.running(&place.tenure.claim.topic, place.tenure.claim.partition);
        }
        let rows = refusals.iter().filter_map(|(index, refusal)| {
            let landed = self.landed.get(index)?;
            Some(row(shared, place.tenure.claim.epoch, &records[*index], refusal, landed))
        });
        Ok(rows.collect())
    }
}

impl Letters {
    fn refused(&mut self, shared: &Shared, place: &Place, letters: usize, refused: &Undeliverable) {
        let left = letters - self.landed.len();
        self.somebody_has_to_act(shared, place, &format!("{left} dead letters of the batch wait: {refused}"));
    }

    /// Reports that an operator has to act, because no retry within seconds helps. The reason is reported at once: in `/readyz` for as long
    /// as it lasts, and in the log once (P9).
    fn somebody_has_to_act(&mut self, shared: &Shared, place: &Place, what: &str) {
        let (topic, partition) = (&place.tenure.claim.topic, place.tenure.claim.partition);
        let reason = format!("dead letter topic {}: {what}", shared.letters.topic());
        if self.told.as_ref() != Some(&reason) {
            tracing::error!(%topic, partition, reason, "Dead letters are not accepted; the partition waits and nothing is lost");
            shared.health.waiting(topic, partition, reason.clone());
            self.told = Some(reason);
        }
    }
}

fn row(shared: &Shared, epoch: i32, record: &Record, refusal: &Refusal, landed: &Landed) -> LetterRow {
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
