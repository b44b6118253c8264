//! Stops a partition with too many dead letters before it sends more of them (P7).

use worker::Stopped;
use worker::letter_cap::{LetterShare, ROW, message};

use super::Worker;
use crate::letters::Refusals;

/// What brings in the rows of letters that were made on purpose.
const REPAIR: &str = "bring their rows in by an incremental snapshot of the table";

impl Worker {
    /// Returns once the dead letters of a batch may be sent.
    pub(super) async fn within_cap(&self, records: usize, refusals: &Refusals) -> Result<(), Stopped> {
        let (topic, partition) = (&self.partition.topic, self.partition.number);
        let stop = |excess, is_first| {
            let reason = message(&self.shared.letter_cap, excess, refusals, REPAIR, (topic, partition, self.next));
            if is_first {
                tracing::error!(%topic, partition, reason, "The partition stops: too many of its records would be dead letters");
            }
            self.shared.health.stopped(&self.partition, reason);
        };
        let before = |wanted, is_row| self.letters_before(wanted, is_row);
        if worker::cap::within(&self.shared.letter_cap, &self.tenure, records, refusals, before, stop).await? {
            tracing::info!(%topic, partition, "The partition goes on: its dead letters are within the cap");
            self.shared.health.running(&self.partition);
        }
        Ok(())
    }

    /// The dead letters directly before the batch: how many are in the window, and how many of them stand in a row.
    async fn letters_before(&self, wanted: u64, is_row: bool) -> Result<(LetterShare, Vec<String>), Stopped> {
        let wanted = i64::try_from(wanted).unwrap_or(i64::MAX).min(self.next).max(0);
        let mut backoff = self.shared.backoff();
        loop {
            match self.shared.store.letters_before(&self.tenure.claim, self.next - wanted..self.next, ROW).await {
                Ok((letters, row)) => {
                    let row = if is_row { row } else { Vec::new() };
                    return Ok((LetterShare { records: wanted.unsigned_abs(), letters }, row));
                }
                Err(error) => self.shared.troubled(&self.partition, &error),
            }
            self.tenure.pause(backoff.next_delay()).await?;
        }
    }
}
