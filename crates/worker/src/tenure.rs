//! A claimed partition: its claim, whether it is still ours, and how far it is.

use std::sync::Arc;
use std::time::Duration;

use change::record::Record;
use kafka::source::{Inbox, Ownership, Received, SourceProgress};
use ledger::Claim;
use ledger::offsets::Standing;
use tokio::sync::watch;

/// A claimed partition.
#[derive(Debug)]
pub struct Tenure {
    /// The claim, which fences the partition's transactions.
    pub claim: Claim,
    ownership: watch::Receiver<Ownership>,
    progress: Arc<SourceProgress>,
    /// Set once the ledger shows that the worker has to claim again. An idle worker writes nothing and would not notice by itself (P9).
    fenced: watch::Sender<bool>,
}

impl Tenure {
    /// A partition that was just claimed.
    #[must_use]
    pub fn new(claim: Claim, ownership: watch::Receiver<Ownership>, progress: Arc<SourceProgress>) -> Self {
        Self { claim, ownership, progress, fenced: watch::Sender::new(false) }
    }

    /// Takes the next batch, of at most `records` and `bytes`. The answer is `Closed` also when the partition was fenced, because an operator
    /// has moved its offset or another process has claimed it.
    pub async fn receive(&self, inbox: &Inbox, (records, bytes): (usize, usize), into: &mut Vec<Record>) -> Received {
        self.unless_fenced(inbox.recv_batch(records, bytes, into)).await
    }

    /// Waits for records, or until the partition is found to be fenced.
    pub async fn unless_fenced(&self, receiving: impl Future<Output = Received>) -> Received {
        let mut fenced = self.fenced.subscribe();
        tokio::select! {
            received = receiving => received,
            _ = fenced.wait_for(|fenced| *fenced) => Received::Closed,
        }
    }

    /// Compares the partition with its row in the ledger. `committed` was the next offset before the row was read. If the row has a later
    /// generation than this claim, or has lost what was committed, the worker ends, and claims again if the partition is still ours (P2,
    /// P4).
    pub fn compare(&self, row: Option<&Standing>, committed: i64) {
        let is_claimed_again = row.is_some_and(|row| row.generation > self.claim.generation);
        let is_lost = row.is_none_or(|row| row.next_offset < committed);
        if is_lost && !is_claimed_again && !self.is_fenced() {
            tracing::warn!(
                topic = %self.claim.topic, partition = self.claim.partition, committed, found = row.map(|row| row.next_offset),
                "Postgres has lost its last commits (a backup restored, a failover); the records since are processed again"
            );
        }
        if is_claimed_again || is_lost {
            self.fenced.send_replace(true);
        }
    }

    /// Whether the worker was found to be fenced, so that it has to claim again.
    #[must_use]
    pub fn is_fenced(&self) -> bool {
        *self.fenced.borrow()
    }

    /// Waits for `delay`. The wait ends at once with an error if the partition is taken away.
    ///
    /// # Errors
    /// [`Revoked`]
    pub async fn pause(&self, delay: Duration) -> Result<(), Revoked> {
        let mut ownership = self.ownership.clone();
        match tokio::time::timeout(delay, ownership.wait_for(|now| *now != Ownership::Held)).await {
            Err(_elapsed) => Ok(()),
            Ok(_) => Err(Revoked),
        }
    }

    /// Waits until the partition is taken away. Returns how the worker stands to the partition then.
    pub async fn taken(&self) -> Ownership {
        let mut ownership = self.ownership.clone();
        // If the source is gone, so is the partition.
        ownership.wait_for(|now| *now != Ownership::Held).await.map_or(Ownership::Lost, |now| *now)
    }

    /// Whether the partition is still this worker's.
    #[must_use]
    pub fn is_held(&self) -> bool {
        *self.ownership.borrow() == Ownership::Held
    }

    /// How far the partition is.
    #[must_use]
    pub fn progress(&self) -> &SourceProgress {
        &self.progress
    }
}

/// The partition was taken away while its worker waited for a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the partition was revoked")]
pub struct Revoked;
