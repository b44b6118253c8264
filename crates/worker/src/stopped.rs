//! What workers share around a transaction: why they stop, how long they wait, whether a lost answer was a commit.

use std::time::Duration;

use change::lsn_space::OtherSpace;
use ledger::claim::Holder;
use ledger::offsets::Standing;
use ledger::{Class, Ledger, StoreError};

use crate::tenure::{Revoked, Tenure};

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

/// Notes in the ledger which partitions this process has stopped and which go on again, so that another process or a command can tell. `stop` says of a
/// partition of this process why it has stopped, if it has; `None` of every other.
pub async fn note_stops(ledger: &Ledger, epoch: i32, process: &str, rows: &[Standing], stop: impl Fn(&str, i32) -> Option<Option<String>>) {
    for Standing { topic, partition, stopped, .. } in rows {
        let Some(why) = stop(topic, *partition).filter(|why| why != stopped) else { continue };
        if let Err(error) = ledger.note_stopped(epoch, topic, *partition, process, why.as_deref()).await {
            tracing::debug!(%error, topic, partition, "That a partition has stopped, or goes on, was not noted; it is tried again");
        }
    }
}

/// The wait before the next attempt. A wrong schema or a missing right is not repaired within milliseconds, so it is tried slowly.
#[must_use]
pub fn delay(error: &StoreError, backoff: Duration) -> Duration {
    match error.class() {
        Class::Ours | Class::Row => backoff.max(Duration::from_secs(2)),
        Class::Connection | Class::Contention | Class::UnknownOutcome => backoff,
    }
}

/// Whether a commit up to offset `to` that got no answer went through. The offset row tells (P4). `report` is told of each error, and `next_delay`
/// says how long to wait after it.
///
/// # Errors
/// The partition belongs to another worker, or was taken away.
pub async fn was_committed(
    ledger: &Ledger,
    tenure: &Tenure,
    to: i64,
    mut report: impl FnMut(&StoreError),
    mut next_delay: impl FnMut() -> Duration,
) -> Result<bool, Stopped> {
    loop {
        match ledger.standing(&tenure.claim).await {
            Ok(Holder::Mine { next_offset }) => return Ok(next_offset == to),
            Ok(Holder::Elsewhere) => return Err(Stopped::Fenced),
            Err(error) => report(&error),
        }
        tenure.pause(next_delay()).await?;
    }
}
