//! Whether a commit without an answer went through.

use worker::Stopped;

use crate::shared::{Place, Shared};

/// Whether the commit up to offset `to` went through. The offset row tells (P4).
pub(crate) async fn was_committed(shared: &Shared, place: &Place, to: i64) -> Result<bool, Stopped> {
    let mut backoff = shared.backoff();
    worker::was_committed(&shared.results.ledger, &place.tenure, to, |error| place.troubled(shared, error), || backoff.next_delay()).await
}
