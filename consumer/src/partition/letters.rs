//! The dead letters of a batch: sent and acknowledged before the offset moves past them (P7).

use std::collections::HashMap;

use crate::changes::{Refusal, Refusals};
use crate::dead_letter::{DeadLetter, Landed, dlq_id, replays};
use crate::flow::{Flow, Place, Revoked};
use crate::metrics::Stage;
use crate::record::Record;
use crate::results::batch::LetterRow;

/// What has been acknowledged so far, by index of the record: a transaction that is tried again does not send again.
#[derive(Debug, Default)]
pub(crate) struct Letters {
    landed: HashMap<usize, Landed>,
}

impl Letters {
    /// Sends the refused records that are not on the dead letter topic yet; with Kafka away it waits (P6).
    pub(crate) async fn acknowledged(
        &mut self,
        flow: &Flow,
        place: &Place,
        records: &[Record],
        refusals: &Refusals,
    ) -> Result<Vec<LetterRow>, Revoked> {
        let mut backoff = flow.backoff();
        loop {
            let open: Vec<usize> = refusals.keys().copied().filter(|index| !self.landed.contains_key(index)).collect();
            if open.is_empty() {
                break;
            }
            let epoch = place.claim.epoch;
            let letter = |index: &usize| DeadLetter { record: &records[*index], rejection: &refusals[index].rejection, epoch };
            let letters: Vec<DeadLetter<'_>> = open.iter().map(letter).collect();
            match flow.timed(Stage::DeadLetter, flow.letters.send(&letters)).await {
                Ok(fates) => self.landed.extend(open.into_iter().zip(fates).filter_map(|(index, fate)| Some((index, fate.ok()?)))),
                Err(error) => place.letters_troubled(flow, &error),
            }
            // What is left waits: a record that is neither applied nor on the dead letter topic would be lost.
            if self.landed.len() < refusals.len() {
                place.pause(backoff.next_delay()).await?;
            }
        }
        let rows = refusals.iter().filter_map(|(index, refusal)| {
            let landed = self.landed.get(index)?;
            Some(row(flow, place.claim.epoch, &records[*index], refusal, landed))
        });
        Ok(rows.collect())
    }
}

fn row(flow: &Flow, epoch: i32, record: &Record, refusal: &Refusal, landed: &Landed) -> LetterRow {
    LetterRow {
        id: dlq_id(record, epoch),
        offset: record.offset,
        order_id: refusal.order_id,
        customer_id: refusal.customer_id.clone(),
        rejection: refusal.rejection.clone(),
        replays: i32::try_from(replays(record)).unwrap_or(i32::MAX),
        dlq_topic: flow.letters.topic().to_owned(),
        dlq_partition: landed.partition,
        dlq_offset: landed.offset,
    }
}
