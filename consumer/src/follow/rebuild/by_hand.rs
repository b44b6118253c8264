//! A rebuild that an operator asked for (`orderstream rebuild`): writes all partitions again, whether or not Redis seems to have lost
//! anything, beside running processes.
//!
//! A rebuild by hand works like the automatic one, and both may run at once: writes are guarded (P5), and Redis' progress moves only if
//! Redis still has what it had when the rebuild began (P8).

use std::sync::Arc;

use kafka::reread::Reread;
use kafka::source::Watermarks;

use super::NotYet;
use super::mark::begin;
use super::walk::Walk;
use crate::redis::link::Run;
use crate::redis::progress::{Advance, Of};
use crate::shared::Shared;

/// A partition, and how far it is committed.
#[derive(Debug, Clone)]
pub struct Committed {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// The next offset in the ledger.
    pub next_offset: i64,
}

impl Committed {
    fn whose<'a>(&'a self, shared: &Shared) -> Of<'a> {
        Of { topic: &self.topic, partition: self.partition, epoch: shared.decoder.epoch }
    }
}

/// Writes the hashes of all orders of a partition. `told` is called with the number of rows after each step.
///
/// # Errors
/// A server is away. What was written stays, and the rebuild may be run again.
pub async fn orders(shared: &Shared, of: &Committed, told: &mut impl FnMut(u64)) -> Result<(), NotYet> {
    let run = shared.redis_progress.server().await?;
    let from = begin(shared, of.whose(shared)).await?;
    let mut walk = Walk::begin(shared, of.whose(shared), from, of.next_offset, run).await?;
    walk.go_on(shared, of.whose(shared), None, told).await?;
    walk.tell_sweeps(shared, of.whose(shared)).await?;
    finish(shared, of, from, run).await
}

/// Writes the hashes of all customers of a partition from its log. `told` is called with the number of records after each step.
///
/// # Errors
/// A server is away. What was written stays, and the rebuild may be run again.
pub async fn customers(
    shared: &Shared,
    of: &Committed,
    log: Watermarks,
    reread: &Reread,
    told: &mut impl FnMut(u64),
) -> Result<(), NotYet> {
    let run = shared.redis_progress.server().await?;
    let from = begin(shared, of.whose(shared)).await?;
    super::customers::again(shared, &of.topic, of.partition, log.low..of.next_offset, reread, told).await?;
    finish(shared, of, from, run).await
}

async fn finish(shared: &Shared, of: &Committed, from: i64, run: Run) -> Result<(), NotYet> {
    let to = of.next_offset.max(from);
    match shared.redis_progress.advance(of.whose(shared), from, to, Some(run)).await? {
        Advance::Moved => Ok(()),
        Advance::Behind { .. } => Err(NotYet::LostAgain),
    }
}
