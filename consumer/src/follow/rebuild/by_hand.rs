//! A rebuild that an operator asked for: all partitions, whether or not Redis seems to have lost anything, beside running processes.
//!
//! It goes the way of the automatic one, so both may run at once: writes are guarded (P5), and Redis' progress moves only if Redis still
//! has what it had when the rebuild began (P8).

use std::sync::Arc;

use super::NotYet;
use super::mark::begin;
use super::walk::Walk;
use crate::flow::Flow;
use crate::follow::progress::{Advance, Of};
use crate::kafka::reread::Reread;
use crate::kafka::source::Watermarks;
use crate::redis_link::Run;

/// A partition and what is committed of it.
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
    fn whose<'a>(&'a self, flow: &Flow) -> Of<'a> {
        Of { topic: &self.topic, partition: self.partition, epoch: flow.decoder.epoch }
    }
}

/// Writes the hashes of all orders of a partition; `told` hears of the rows.
///
/// # Errors
/// A server is away; what was written stays, and it may be run again.
pub async fn orders(flow: &Flow, of: &Committed, told: &mut impl FnMut(u64)) -> Result<(), NotYet> {
    let run = flow.redis_progress.server().await?;
    let from = begin(flow, of.whose(flow)).await?;
    let mut walk = Walk::begin(flow, of.whose(flow), from, of.next_offset, run).await?;
    walk.go_on(flow, of.whose(flow), None, told).await?;
    walk.tell_sweeps(flow, of.whose(flow)).await?;
    finish(flow, of, from, run).await
}

/// Writes the hashes of all customers of a partition from its log; `told` hears of the records.
///
/// # Errors
/// A server is away; what was written stays, and it may be run again.
pub async fn customers(flow: &Flow, of: &Committed, log: Watermarks, reread: &Reread, told: &mut impl FnMut(u64)) -> Result<(), NotYet> {
    let run = flow.redis_progress.server().await?;
    let from = begin(flow, of.whose(flow)).await?;
    super::customers::again(flow, &of.topic, of.partition, log.low..of.next_offset, reread, told).await?;
    finish(flow, of, from, run).await
}

async fn finish(flow: &Flow, of: &Committed, from: i64, run: Run) -> Result<(), NotYet> {
    let to = of.next_offset.max(from);
    match flow.redis_progress.advance(of.whose(flow), from, to, Some(run)).await? {
        Advance::Moved => Ok(()),
        Advance::Behind { .. } => Err(NotYet::LostAgain),
    }
}
