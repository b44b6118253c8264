//! The transaction of a batch of orders: fence, deletes and upserts in rounds, marks of refused changes, dead letters, commit (P1 to P5).

use std::collections::HashSet;

use change::fate::Fates;
use change::lsn_space::OtherSpace;
use change::position::Position;
use ledger::fence::Advance;
use ledger::{Claim, Class, StoreError};
use sqlx::postgres::PgConnection;

use super::batch::{Batch, Filled, Written};
use super::history::Cause;
use super::{Results, due, fence, letters, lsn_space, overtaken, refused, rounds, settle, truncate};
use crate::orders::write::{Round, Unresolved};

/// What a transaction did.
#[derive(Debug)]
pub struct Applied {
    /// The writes that took effect.
    pub written: Vec<Written>,
    /// For each round, the orders whose missing values were filled in.
    pub(super) filled: Vec<Filled>,
    /// The fates of the batch's records.
    pub fates: Fates,
}

/// Why a batch was not applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Another worker has claimed the partition, or the offset was moved by hand: nothing was written (P4).
    #[error("the partition was claimed by another worker, or its offset was moved")]
    Fenced,
    /// These changes leave out a value that is stored nowhere. Nothing was written.
    #[error("{} changes leave out a column that is not stored", .0.len())]
    Unresolved(Vec<Unresolved>),
    /// The source database is another one than before: its positions contradict what is stored. Nothing was written.
    #[error(transparent)]
    OtherSpace(Box<OtherSpace>),
    /// The answer to COMMIT was lost, so nobody knows yet whether the transaction was committed.
    #[error("the answer to a commit was lost: {error}")]
    Unknown {
        /// What the transaction did, if it was committed.
        applied: Box<Applied>,
        /// What broke.
        error: StoreError,
    },
    /// Postgres failed or refused. Nothing was written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for ApplyError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Results {
    /// Writes the batch and moves the offset: both or neither (P3).
    ///
    /// # Errors
    /// [`ApplyError`]. Nothing was written, except perhaps with `Unknown`.
    pub async fn apply(&self, claim: &Claim, batch: &Batch) -> Result<Applied, ApplyError> {
        let mut lease = self.lease().await?;
        Cause::Event.begin(&mut lease).await?;
        let applied = lease.ask(|on| write(on, claim, batch)).await?;
        match lease.commit().await {
            Ok(()) => Ok(applied),
            Err(error) if error.class() == Class::UnknownOutcome => Err(ApplyError::Unknown { applied: Box::new(applied), error }),
            Err(error) => Err(error.into()),
        }
    }
}

async fn write(connection: &mut PgConnection, claim: &Claim, batch: &Batch) -> Result<Applied, ApplyError> {
    let mut fates = expected_fates(batch);
    let step = Advance { from: batch.from, to: batch.to, last: batch.last, clean_to: batch.clean_to };
    let changed = fence::Changed::Orders(batch.range());
    let has_letters = fence::move_offset(connection, claim, step, fates, changed).await?;
    let truncated = truncate::note(connection, &batch.truncates).await?;
    let (mut written, mut filled) = (Vec::new(), Vec::with_capacity(batch.rounds.len()));
    for (number, round) in batch.rounds.iter().enumerate() {
        let (of_round, filled_in) = rounds::write(connection, number, round, batch).await?;
        written.extend(of_round);
        filled.push(filled_in);
    }
    let untold = settle::settle(connection, &mut written, truncated > 0).await?;
    let stale = without_effect(batch, &written) + (batch.truncates.len() as u64 - truncated);
    if stale > 0 {
        if let Some(found) = lsn_space::contradiction(connection, &kept_out(batch, &written)).await? {
            return Err(ApplyError::OtherSpace(Box::new(found)));
        }
        ledger::fence::recount(connection, claim, stale).await?;
        fates.applied -= stale;
        fates.stale += stale;
    }
    let mut due = untold;
    due.extend(refused::mark(connection, &batch.letters).await?);
    due::mark(connection, claim.partition, &orders_due(batch, &written, due)).await?;
    letters::insert(connection, claim, &batch.letters).await?;
    if has_letters || !batch.letters.is_empty() {
        overtaken::close_of_orders(connection, &batch.order_ids()).await?;
    }
    Ok(Applied { written, filled, fates })
}

/// The fates of the records if every write takes effect. A write without effect corrects them later.
fn expected_fates(batch: &Batch) -> Fates {
    let members = |round: &Round| {
        round.puts.iter().map(|put| put.members).sum::<u64>() + round.deletes.iter().map(|delete| delete.members).sum::<u64>()
    };
    Fates {
        applied: batch.rounds.iter().map(members).sum::<u64>() + batch.truncates.len() as u64,
        stale: batch.stale,
        ignored: batch.ignored,
        dead_lettered: batch.letters.len() as u64,
    }
}

/// The number of changes behind the writes that did not take effect, because what is stored is newer.
fn without_effect(batch: &Batch, written: &[Written]) -> u64 {
    let writes: usize = batch.rounds.iter().map(|round| round.puts.len() + round.deletes.len()).sum();
    if writes == written.len() {
        return 0;
    }
    let took_effect: HashSet<(usize, i64)> = written.iter().map(|write| (write.round, write.order_id)).collect();
    let of_round = |(number, round): (usize, &Round)| {
        let puts = round.puts.iter().map(|put| (put.order_id, put.members));
        let deletes = round.deletes.iter().map(|delete| (delete.order_id, delete.members));
        puts.chain(deletes).filter(|(id, _)| !took_effect.contains(&(number, *id))).map(|(_, members)| members).sum::<u64>()
    };
    batch.rounds.iter().enumerate().map(of_round).sum()
}

/// Order id and position of each write that did not take effect.
fn kept_out(batch: &Batch, written: &[Written]) -> Vec<(i64, Position)> {
    let took_effect: HashSet<(usize, i64)> = written.iter().map(|write| (write.round, write.order_id)).collect();
    let of_round = |(number, round): (usize, &Round)| {
        let puts = round.puts.iter().map(|put| (put.order_id, put.position));
        let deletes = round.deletes.iter().map(|delete| (delete.order_id, delete.position));
        puts.chain(deletes).filter(|(id, _)| !took_effect.contains(&(number, *id))).collect::<Vec<_>>()
    };
    batch.rounds.iter().enumerate().flat_map(of_round).collect()
}

/// The orders whose row or hash will not be complete after this batch, each once, ascending.
fn orders_due(batch: &Batch, written: &[Written], others: Vec<i64>) -> Vec<i64> {
    let mut due = others;
    due.extend(written.iter().filter(|write| write.refused).map(|write| write.order_id));
    if batch.redis_away {
        due.extend(written.iter().map(|write| write.order_id));
    } else {
        let incomplete = |round: &Round| {
            // An order whose event does not name the customer is `pending`, and so is one of them.
            round.puts.iter().filter(|put| put.enriched.enrichment.is_due()).map(|put| put.order_id).collect::<Vec<_>>()
        };
        due.extend(batch.rounds.iter().flat_map(incomplete));
    }
    due.sort_unstable();
    due.dedup();
    due
}
