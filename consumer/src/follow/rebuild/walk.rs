//! Writes all rows of a partition to Redis again, in steps that are bounded however large the table is (P8, P10).
//!
//! A walk is kept while its partition is behind: after a slice of time, and after an error of Postgres, the walk goes on where it was. What
//! the walk has written is there as long as Redis still has the marks that were set when the walk began, in the same run of the server. If
//! the marks are gone, a new walk begins.

use std::ops::ControlFlow;
use std::time::Instant;

use chrono::{TimeDelta, Utc};

use super::NotYet;
use super::mark::FROM_THE_START;
use crate::metrics::Rebuild;
use crate::orders::row::OrderState;
use crate::redis::cache::ORDER_TRACE_SECONDS;
use crate::redis::link::Run;
use crate::redis::progress::{Advance, Of, Point};
use crate::results::states::Page;
use crate::shared::Shared;

/// Rows of the table in one step, rows of other partitions included.
const ROWS: i64 = 5_000;

/// Hashes in one request.
const CHUNK: usize = 1_000;

/// A walk through `results`, and then through the orders deleted so recently that their hash would still be there.
#[derive(Debug)]
pub(super) struct Walk {
    /// The run of the Redis server in which the walk writes.
    pub(super) run: Run,
    /// Redis' progress when the walk began.
    pub(super) from: i64,
    /// Redis' progress when the walk has ended.
    pub(super) target: i64,
    /// When the walk began.
    pub(super) began: Instant,
    /// The number of the last sweep that Redis had when the walk began, and the one that Redis is told at the end; `None` if there never
    /// was a sweep.
    sweeps: Option<(i64, i64)>,
    place: Place,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    Rows { after: i64 },
    Deleted { after: i64 },
}

impl Walk {
    /// Begins a walk, after the mark of the partition's progress was set. Sets the same mark for the sweeps.
    pub(super) async fn begin(shared: &Shared, of: Of<'_>, from: i64, target: i64, run: Run) -> Result<Self, NotYet> {
        let swept = shared.results.swept(of.epoch).await?.into_iter().find(|(partition, _)| *partition == of.partition);
        let sweeps = match swept {
            None => None,
            Some((_, number)) => {
                let had = swept_in_redis(shared, of).await?.unwrap_or(FROM_THE_START);
                let _: Advance = shared.redis_progress.advance_swept(of, None, had, run).await?;
                Some((had, number))
            }
        };
        Ok(Self { run, from, target, began: Instant::now(), sweeps, place: Place::Rows { after: i64::MIN } })
    }

    /// Whether Redis still has what was written so far: Redis has the marks, and its server is in the same run.
    pub(super) async fn still_stands(&self, shared: &Shared, of: Of<'_>) -> Result<bool, NotYet> {
        let progress = shared.redis_progress.read().await?.remove(&of.to_string());
        let has_progress = progress == Some(Point { epoch: of.epoch, next_offset: self.from });
        let has_sweeps = match self.sweeps {
            None => true,
            Some((had, _)) => swept_in_redis(shared, of).await? == Some(had),
        };
        // The run is asked for last. A restart after this is noticed when Redis is told how far it is.
        Ok(has_progress && has_sweeps && shared.redis_progress.server().await? == self.run)
    }

    /// Goes on until the end, or until the time is over. Returns true at the end. `told` is called with the number of rows after each step.
    pub(super) async fn go_on(
        &mut self,
        shared: &Shared,
        of: Of<'_>,
        until: Option<Instant>,
        told: &mut impl FnMut(u64) -> ControlFlow<()>,
    ) -> Result<bool, NotYet> {
        let since = Utc::now() - TimeDelta::seconds(ORDER_TRACE_SECONDS.into());
        loop {
            let page = match self.place {
                Place::Rows { after } => shared.results.live_after(after, of.partition, ROWS).await?,
                Place::Deleted { after } => shared.results.deleted_after(after, of.partition, ROWS, since).await?,
            };
            write(shared, of, &page, told).await?;
            self.place = match (self.place, page.up_to) {
                (Place::Rows { .. }, Some(after)) => Place::Rows { after },
                (Place::Rows { .. }, None) => Place::Deleted { after: i64::MIN },
                (Place::Deleted { .. }, Some(after)) => Place::Deleted { after },
                (Place::Deleted { .. }, None) => return Ok(true),
            };
            if until.is_some_and(|until| Instant::now() >= until) {
                return Ok(false);
            }
        }
    }

    /// Tells Redis that it has the hashes of all sweeps up to the one that was the last when the walk began.
    pub(super) async fn tell_sweeps(&self, shared: &Shared, of: Of<'_>) -> Result<(), NotYet> {
        let Some((had, number)) = self.sweeps else { return Ok(()) };
        match shared.redis_progress.advance_swept(of, Some(had), number, self.run).await? {
            Advance::Moved => Ok(()),
            Advance::Behind { .. } => Err(NotYet::LostAgain),
        }
    }
}

async fn swept_in_redis(shared: &Shared, of: Of<'_>) -> Result<Option<i64>, NotYet> {
    let point = shared.redis_progress.read_swept().await?.remove(&of.to_string());
    Ok(point.filter(|point| point.epoch == of.epoch).map(|point| point.next_offset))
}

async fn write(shared: &Shared, of: Of<'_>, page: &Page, told: &mut impl FnMut(u64) -> ControlFlow<()>) -> Result<(), NotYet> {
    if let Some((_, why)) = page.read.unreadable.first() {
        shared.rows_refused("written to Redis again", page.read.unreadable.len(), why);
    }
    for states in page.read.states.chunks(CHUNK) {
        let written = shared.cache.write_orders(states, of.epoch, None).await?;
        if written.stale > 0 {
            above_redis(shared, states).await?;
        }
        let live = states.iter().filter(|state| matches!(state, OrderState::Live(_))).count() as u64;
        shared.metrics.rebuilt(Rebuild::Orders, live);
        shared.results.mark_due(of.partition, shared.to_refresh(written.outdated, states)).await?;
        if told(live).is_break() {
            return Err(NotYet::Ended);
        }
    }
    Ok(())
}

/// Writes the orders whose hash is newer than what Postgres has: each such row gets a revision above the one in Redis first. Others may
/// write the same orders at the same time; from the second round on, what they write is above Redis too.
async fn above_redis(shared: &Shared, states: &[OrderState]) -> Result<(), NotYet> {
    let epoch = shared.decoder.epoch;
    let (mut orders, mut highest) = shared.cache.ahead(states, epoch).await?;
    while !orders.is_empty() {
        let states = shared.results.states(&orders).await?.states;
        let (still, above) = shared.cache.ahead(&states, epoch).await?;
        highest = highest.max(above);
        let ahead = states.into_iter().filter(|state| still.contains(&state.order_id())).collect();
        let raised = shared.results.raise(ahead, highest).await?;
        let written = shared.cache.write_orders(&raised, epoch, None).await?;
        shared.metrics.order_hashes(written.written as u64, written.stale as u64);
        orders = still;
        let done: Vec<i64> = raised.iter().map(OrderState::order_id).collect();
        orders.retain(|id| !done.contains(id));
    }
    Ok(())
}
