//! The transaction of replayed dead letters: rounds, tombstones, the list of the sweep, and what became of each letter. No offset moves.
//!
//! There is no fence, because nobody's offset is involved: the record was settled when it became a letter, and its counter stays. The guard
//! in each statement keeps an older change from overwriting a newer one (P5); it is evaluated under the row's lock, on the record's
//! original position. The settling at the end, behind the same lock as in every batch, decides between a row and a tombstone. So a replay
//! may run beside the workers of all partitions, and a letter that is replayed twice is stale the second time.

use std::collections::{BTreeMap, HashSet};

use change::position::Position;
use change::rejection::Rejection;
use ledger::StoreError;
use ledger::letters::note_replayed;
use sqlx::postgres::PgConnection;

use super::batch::{Batch, Written};
use super::bisect::CHECK_NOW;
use super::history::Cause;
use super::{ApplyError, Results, due, marked, overtaken, rounds, settle, truncate};
use crate::orders::customer::ChangedCustomer;
use crate::orders::write::Round;

pub use ledger::letters::Tally;

/// A letter of a replay, at the index of its record in the batch.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// The id of the letter.
    pub id: String,
    /// The record's partition. The owner of the partition completes the order.
    pub partition: i32,
    /// What came of the replay.
    pub outcome: ReplayOutcome,
}

/// What came of a replayed letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplayOutcome {
    /// The record is a change. The transaction tells whether it takes effect.
    Change,
    /// The record is a truncate that stands at this position. The transaction tells whether it takes effect.
    Truncate(Position),
    /// Something newer than the letter is stored.
    Stale,
    /// Nothing tells whether something newer was there, so the letter stays as it is.
    Unknown,
    /// There is nothing to do.
    Ignored,
    /// The record was refused again and stays a letter.
    Refused(Rejection),
}

impl Results {
    /// Writes the changes and what became of the letters, all or nothing.
    ///
    /// # Errors
    /// [`ApplyError`]. Nothing was written, except perhaps after a lost answer. The call may be repeated in any case.
    pub async fn replay(&self, batch: &Batch, letters: &[Replayed]) -> Result<Tally, ApplyError> {
        let mut lease = self.lease().await?;
        Cause::Replay.begin(&mut lease).await?;
        let tally = lease.ask(|on| write(on, batch, letters)).await?;
        lease.commit().await?;
        Ok(tally)
    }

    /// Does the same in a transaction that is rolled back. Returns what would have come of the letters.
    ///
    /// # Errors
    /// [`ApplyError`]. Nothing was written.
    pub async fn try_replay(&self, batch: &Batch, letters: &[Replayed]) -> Result<Tally, ApplyError> {
        let mut lease = self.lease().await?;
        Cause::Replay.begin(&mut lease).await?;
        let tried = lease.ask(|on| write_and_check(on, batch, letters)).await;
        lease.roll_back().await?;
        tried
    }

    /// Marks the customers whose hashes were written, by the partition that they came from, and notes what became of the letters. `applied`
    /// holds the indices of the records that took effect.
    ///
    /// # Errors
    /// If Postgres is away or refuses. Nothing was written then, except perhaps after a lost answer. The call may be repeated either way.
    pub async fn replay_customers(
        &self,
        changed: &BTreeMap<i32, Vec<ChangedCustomer>>,
        letters: &[Replayed],
        applied: &HashSet<usize>,
        refresh: bool,
    ) -> Result<Tally, StoreError> {
        let mut lease = self.lease().await?;
        lease.begin().await?;
        for (partition, customers) in changed {
            lease.ask(|on| marked::mark(on, *partition, customers, refresh)).await?;
        }
        for customers in changed.values() {
            let standing = overtaken::standing(&[], customers);
            lease.ask(|on| overtaken::close_of_customers(on, &standing)).await?;
        }
        let tally = lease.ask(|on| resolve(on, letters, applied)).await?;
        lease.commit().await?;
        Ok(tally)
    }
}

/// Writes, and checks what Postgres would check only at a commit.
async fn write_and_check(connection: &mut PgConnection, batch: &Batch, letters: &[Replayed]) -> Result<Tally, ApplyError> {
    let tally = write(connection, batch, letters).await?;
    sqlx::query(CHECK_NOW).execute(connection).await.map_err(StoreError::from)?;
    Ok(tally)
}

async fn write(connection: &mut PgConnection, batch: &Batch, letters: &[Replayed]) -> Result<Tally, ApplyError> {
    let truncated = note_truncates(connection, letters).await?;
    let mut written = Vec::new();
    for (number, round) in batch.rounds.iter().enumerate() {
        let (of_round, _) = rounds::write(connection, number, round, batch).await?;
        written.extend(of_round);
    }
    let untold = settle::settle(connection, &mut written, !truncated.is_empty()).await?;
    let mut applied = applied(batch, &written);
    applied.extend(truncated);
    for (partition, orders) in due_by_partition(batch, letters, &written, &untold) {
        due::mark(connection, partition, &orders).await?;
    }
    // Closes older letters of the same orders that are not part of this replay. What became of the replayed letters is noted afterwards.
    overtaken::close_of_orders(connection, &batch.order_ids()).await?;
    Ok(resolve(connection, letters, &applied).await?)
}

/// Notes the truncates. Returns the records of those that were not noted before.
async fn note_truncates(connection: &mut PgConnection, letters: &[Replayed]) -> Result<Vec<usize>, StoreError> {
    let mut news = Vec::new();
    for (record, letter) in letters.iter().enumerate() {
        if let ReplayOutcome::Truncate(position) = letter.outcome
            && truncate::note(connection, &[position]).await? > 0
        {
            news.push(record);
        }
    }
    Ok(news)
}

/// Record and order id of each write.
fn writes(round: &Round) -> impl Iterator<Item = (usize, i64)> {
    round.puts.iter().map(|put| (put.record, put.order_id)).chain(round.deletes.iter().map(|delete| (delete.record, delete.order_id)))
}

/// The records whose write took effect.
fn applied(batch: &Batch, written: &[Written]) -> HashSet<usize> {
    let took_effect: HashSet<(usize, i64)> = written.iter().map(|write| (write.round, write.order_id)).collect();
    let mut records = HashSet::new();
    for (number, round) in batch.rounds.iter().enumerate() {
        records.extend(writes(round).filter(|(_, order)| took_effect.contains(&(number, *order))).map(|(record, _)| record));
    }
    records
}

/// The orders that were written, by partition, each once, ascending. The owner of the partition looks the customers up and writes the
/// hashes.
fn due_by_partition(batch: &Batch, letters: &[Replayed], written: &[Written], untold: &[i64]) -> BTreeMap<i32, Vec<i64>> {
    let due: HashSet<i64> = written.iter().map(|write| write.order_id).chain(untold.iter().copied()).collect();
    let mut partition_of: BTreeMap<i64, i32> = BTreeMap::new();
    for (record, order) in batch.rounds.iter().flat_map(writes).filter(|(_, order)| due.contains(order)) {
        partition_of.insert(order, letters[record].partition);
    }
    let mut by_partition: BTreeMap<i32, Vec<i64>> = BTreeMap::new();
    for (order, partition) in partition_of {
        by_partition.entry(partition).or_default().push(order);
    }
    by_partition
}

async fn resolve(connection: &mut PgConnection, letters: &[Replayed], applied: &HashSet<usize>) -> Result<Tally, StoreError> {
    let mut tally = Tally::default();
    let (mut resolved, mut refused) = (Vec::new(), Vec::new());
    for (record, letter) in letters.iter().enumerate() {
        match &letter.outcome {
            ReplayOutcome::Change | ReplayOutcome::Truncate(_) if applied.contains(&record) => {
                tally.applied += 1;
                resolved.push((letter.id.as_str(), "applied"));
            }
            ReplayOutcome::Change | ReplayOutcome::Truncate(_) | ReplayOutcome::Stale => {
                tally.stale += 1;
                resolved.push((letter.id.as_str(), "stale"));
            }
            ReplayOutcome::Ignored => {
                tally.ignored += 1;
                resolved.push((letter.id.as_str(), "ignored"));
            }
            ReplayOutcome::Unknown => tally.unknown += 1,
            ReplayOutcome::Refused(rejection) => {
                tally.refused += 1;
                refused.push((letter.id.as_str(), rejection));
            }
        }
    }
    note_replayed(connection, resolved, &refused).await?;
    Ok(tally)
}
