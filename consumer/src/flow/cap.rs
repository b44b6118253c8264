//! Stops a partition with too many dead letters before it sends more of them (P7). The partition goes on by itself once its letters are
//! within the cap.

use std::time::Duration;

use super::commit::Stopped;
use crate::orders::letter_cap::{LetterShare, ROW, counted, message};
use crate::orders::refusal::Refusals;
use crate::shared::{Place, Shared};

/// The time between two looks of a stopped partition at the ledger: letters may be replayed, and the offset may be moved.
const PAUSE: Duration = Duration::from_secs(2);

/// Returns once the dead letters of a batch may be sent. The batch begins at offset `from`.
pub(crate) async fn within(shared: &Shared, place: &Place, from: i64, records: usize, refusals: &Refusals) -> Result<(), Stopped> {
    let batch = LetterShare { records: records as u64, letters: counted(refusals) };
    if batch.letters == 0 {
        return Ok(());
    }
    let mut is_stopped = false;
    loop {
        let (before, row) = before(shared, place, from, batch).await?;
        let excess = shared.letter_cap.excess(before, batch).or_else(|| shared.letter_cap.row(row, records, refusals));
        let Some(excess) = excess else { break };
        let reason = message(&shared.letter_cap, excess, refusals, (&place.claim.topic, place.claim.partition, from));
        if !is_stopped {
            is_stopped = true;
            stopped(shared, place, &reason);
        }
        shared.health.stopped(&place.claim.topic, place.claim.partition, reason);
        place.pause(PAUSE).await?;
        if place.is_fenced() {
            return Err(Stopped::Fenced);
        }
    }
    if is_stopped {
        tracing::info!(topic = %place.claim.topic, partition = place.claim.partition, "The partition goes on: its dead letters are within the cap");
        shared.health.running(&place.claim.topic, place.claim.partition);
    }
    Ok(())
}

fn stopped(shared: &Shared, place: &Place, reason: &str) {
    tracing::error!(topic = %place.claim.topic, partition = place.claim.partition, reason, "The partition stops: too many of its records would be dead letters");
    shared.metrics.stopped_by_letters(&place.claim.topic, place.claim.partition);
}

/// Reads the dead letters before the batch from the ledger: how many are in the window, and, if the batch holds nothing but letters, whom
/// the letters directly before the batch are about.
async fn before(shared: &Shared, place: &Place, from: i64, batch: LetterShare) -> Result<(LetterShare, Vec<String>), Stopped> {
    let wanted = i64::try_from(shared.letter_cap.before(batch.records)).unwrap_or(i64::MAX).min(from).max(0);
    let mut backoff = shared.backoff();
    loop {
        let look = async {
            let letters = if wanted > 0 { shared.results.letters_in(&place.claim, from - wanted..from).await? } else { 0 };
            let is_row = wanted > 0 && batch.letters == batch.records;
            let row = if is_row { shared.results.letters_in_a_row(&place.claim, from - wanted..from, ROW).await? } else { Vec::new() };
            Ok((LetterShare { records: wanted.unsigned_abs(), letters }, row))
        };
        match look.await {
            Ok(found) => return Ok(found),
            Err(error) => place.troubled(shared, &error),
        }
        place.pause(backoff.next_delay()).await?;
    }
}
