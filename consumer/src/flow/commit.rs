//! What the workers of orders and of customers share around a transaction: why they stop, how long they wait, whether a lost answer was a
//! commit.

use std::time::Duration;

use change::lsn_space::OtherSpace;
use ledger::claim::Holder;
use ledger::{Class, StoreError};

use crate::shared::{Place, Revoked, Shared};

/// Why a worker ended before its inbox was closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// Another worker has claimed the partition. This worker is a zombie and has written nothing (P4).
    #[error("another worker has claimed the partition, or its offset was moved by hand")]
    Fenced,
    /// The source database was restored or replaced (P5). To go on would drop its changes without a word.
    #[error(transparent)]
    OtherSpace(Box<OtherSpace>),
    /// The partition was revoked while a server was away. The partition's next owner goes on from the committed offset.
    #[error("{0}")]
    Revoked(#[from] Revoked),
}

/// The wait before the next attempt. A wrong schema or a missing right is not repaired within milliseconds, so it is tried slowly.
pub(crate) fn delay(error: &StoreError, backoff: Duration) -> Duration {
    match error.class() {
        Class::Ours | Class::Row => backoff.max(Duration::from_secs(2)),
        Class::Connection | Class::Contention | Class::UnknownOutcome => backoff,
    }
}

/// Whether a commit without an answer went through. The offset row tells (P4).
pub(crate) async fn was_committed(shared: &Shared, place: &Place, to: i64) -> Result<bool, Stopped> {
    let mut backoff = shared.backoff();
    loop {
        match shared.results.ledger.standing(&place.claim).await {
            Ok(Holder::Mine { next_offset }) => return Ok(next_offset == to),
            Ok(Holder::Elsewhere) => return Err(Stopped::Fenced),
            Err(error) => place.troubled(shared, &error),
        }
        place.pause(backoff.next_delay()).await?;
    }
}
