//! Stops a partition with too many dead letters before it sends more of them (P7). The partition goes on by itself once its letters are
//! within the cap.

use worker::Stopped;
use worker::letter_cap::{LetterShare, ROW, message};

use crate::orders::refusal::Refusals;
use crate::shared::{Place, Shared};

/// What brings in the orders of letters that were made on purpose.
const REPAIR: &str = "bring their orders in by orderstream reconcile --repair";

/// Returns once the dead letters of a batch may be sent. The batch begins at offset `from`.
pub(crate) async fn within(shared: &Shared, place: &Place, from: i64, records: usize, refusals: &Refusals) -> Result<(), Stopped> {
    let (topic, partition) = (&place.tenure.claim.topic, place.tenure.claim.partition);
    let stop = |excess, is_first| {
        let reason = message(&shared.letter_cap, excess, refusals, REPAIR, (topic, partition, from));
        if is_first {
            stopped(shared, place, &reason);
        }
        shared.health.stopped(topic, partition, reason);
    };
    let before = |wanted, is_row| before(shared, place, from, wanted, is_row);
    if worker::cap::within(&shared.letter_cap, &place.tenure, records, refusals, before, stop).await? {
        tracing::info!(%topic, partition, "The partition goes on: its dead letters are within the cap");
        shared.health.running(topic, partition);
    }
    Ok(())
}

fn stopped(shared: &Shared, place: &Place, reason: &str) {
    tracing::error!(topic = %place.tenure.claim.topic, partition = place.tenure.claim.partition, reason, "The partition stops: too many of its records would be dead letters");
    shared.metrics.stopped_by_letters(&place.tenure.claim.topic, place.tenure.claim.partition);
}

/// Reads the dead letters before the batch from the ledger: how many are in the window, and, if the batch holds nothing but letters, whom
/// the letters directly before the batch are about.
async fn before(shared: &Shared, place: &Place, from: i64, wanted: u64, is_row: bool) -> Result<(LetterShare, Vec<String>), Stopped> {
    let wanted = i64::try_from(wanted).unwrap_or(i64::MAX).min(from).max(0);
    let mut backoff = shared.backoff();
    loop {
        let look = async {
            let letters = if wanted > 0 { shared.results.letters_in(&place.tenure.claim, from - wanted..from).await? } else { 0 };
            let row = if is_row && wanted > 0 {
                shared.results.letters_in_a_row(&place.tenure.claim, from - wanted..from, ROW).await?
            } else {
                Vec::new()
            };
            Ok((LetterShare { records: wanted.unsigned_abs(), letters }, row))
        };
        match look.await {
            Ok(found) => return Ok(found),
            Err(error) => place.troubled(shared, &error),
        }
        place.tenure.pause(backoff.next_delay()).await?;
    }
}
