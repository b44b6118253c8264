//! A partition with too many dead letters stops before it sends more of them (P7), and goes on by itself once they are within the cap.

use std::time::Duration;

use super::Stopped;
use crate::changes::Refusals;
use crate::flow::{Flow, Place};
use crate::letter_cap::{Stretch, counted, message};

/// Between two looks of a stopped partition at the ledger: letters may be replayed, and its offset may be moved.
const PAUSE: Duration = Duration::from_secs(2);

/// Returns once the letters of a batch, which begins at offset `from`, may be sent.
pub(crate) async fn within(flow: &Flow, place: &Place, from: i64, records: usize, refusals: &Refusals) -> Result<(), Stopped> {
    let batch = Stretch { records: records as u64, letters: counted(refusals) };
    if batch.letters == 0 {
        return Ok(());
    }
    let mut is_stopped = false;
    loop {
        let before = before(flow, place, from, records).await?;
        if !flow.letter_cap.is_exceeded(before, batch) {
            break;
        }
        let reason = message(&flow.letter_cap, before, batch, refusals, (&place.claim.topic, place.claim.partition, from));
        if !is_stopped {
            is_stopped = true;
            stopped(flow, place, &reason);
        }
        flow.health.stopped(&place.claim.topic, place.claim.partition, reason);
        place.pause(PAUSE).await?;
        if place.is_fenced() {
            return Err(Stopped::Fenced);
        }
    }
    if is_stopped {
        tracing::info!(topic = %place.claim.topic, partition = place.claim.partition, "The partition goes on: its dead letters are within the cap");
        flow.health.running(&place.claim.topic, place.claim.partition);
    }
    Ok(())
}

fn stopped(flow: &Flow, place: &Place, reason: &str) {
    tracing::error!(topic = %place.claim.topic, partition = place.claim.partition, reason, "The partition stops: too many of its records would be dead letters");
    flow.metrics.stopped_by_letters(&place.claim.topic, place.claim.partition);
}

/// What stands before the batch in the window, as the ledger has it.
async fn before(flow: &Flow, place: &Place, from: i64, records: usize) -> Result<Stretch, Stopped> {
    let wanted = i64::try_from(flow.letter_cap.before(records)).unwrap_or(i64::MAX).min(from);
    if wanted <= 0 {
        return Ok(Stretch { records: 0, letters: 0 });
    }
    let mut backoff = flow.backoff();
    loop {
        match flow.results.letters_in(&place.claim, from - wanted..from).await {
            Ok(letters) => return Ok(Stretch { records: wanted.unsigned_abs(), letters }),
            Err(error) => place.troubled(flow, &error),
        }
        place.pause(backoff.next_delay()).await?;
    }
}
