//! Processes dead letters again, with their original positions (P5, P7).
//!
//! A letter is decoded as the record that it was, with the partition, offset and epoch that its headers name, and applied straight to
//! `results`. If the record went to its topic again, it would get a new offset and look like a newer change.
//! [`results::replay`](crate::results::replay) runs the transaction and says why no newer state can be overwritten. The sweep does the
//! rest: every order that was written goes on the list of the sweep, which looks up the customer and writes the hash.
//!
//! A truncate of orders is noted where it stood in the source's log: older rows go, later ones stay. Letters of customers go through the
//! guard in Redis ([`customers`]). Letters of another epoch are not replayed, because the snapshot that came with the new epoch has
//! overtaken them.

use std::collections::HashMap;

use change::record::{Ended, Record};
use change::rejection::Rejection;
use chrono::Utc;
use kafka::source::RereadError;
use ledger::{Class, StoreError};

use crate::orders::changes::{self, Changes};
use crate::orders::enrich::Lookup;
use crate::orders::refusal::Refusals;
use crate::orders::write::Round;
use crate::redis::link::RedisError;
use crate::results::ApplyError;
use crate::results::batch::Batch;
use crate::results::replay::{ReplayOutcome, Replayed, Tally};
use crate::shared::Shared;

pub mod alone;
pub mod customers;
pub mod run;

/// The tries of one chunk while locks or a short outage are in the way.
const TRIES: u32 = 5;

/// Why a chunk was not replayed. No letter of the chunk was changed, or the answer was lost. The chunk may be replayed again either way.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Postgres failed or refused.
    #[error("Postgres: {0}")]
    Store(#[from] StoreError),
    /// With `enrichment.when_redis_is_down = dead_letter` an order needs its customer, and an outage of Redis is no reason to refuse it
    /// (P6).
    #[error("Redis cannot be asked for customers, and enrichment.when_redis_is_down is dead_letter; try again when it is back")]
    RedisIsAway,
    /// Redis, which the letters of customers are written to, failed or refused.
    #[error("Redis: {0}")]
    Redis(#[from] RedisError),
    /// Redis is being made whole (P8), so an absent customer may exist.
    #[error("Redis does not hold all customers yet; try again when `orderstream status` shows it whole")]
    RedisIsNotWhole,
    /// Something else, which the error names.
    #[error(transparent)]
    Other(anyhow::Error),
    /// The customers' topic could not be read.
    #[error("Kafka: {0}")]
    Reread(#[from] RereadError),
}

/// A letter, decoded back to its original record.
#[derive(Debug)]
pub struct Original {
    /// The id of the letter.
    pub id: String,
    /// The original record.
    pub record: Record,
}

/// Whether the changes of a replay stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// They are committed.
    Commit,
    /// Their transaction is rolled back: it has told what would come of the letters.
    RollBack,
}

/// Replays letters in the given order, in one transaction.
///
/// # Errors
/// [`ReplayError`]
pub async fn replay(shared: &Shared, originals: &[Original], how: How) -> Result<Tally, ReplayError> {
    let mut refused: HashMap<usize, Rejection> = HashMap::new();
    let mut backoff = shared.backoff();
    let mut tries = 0;
    loop {
        let (batch, letters) = prepare(shared, originals, &refused).await?;
        let replayed = match how {
            How::Commit => shared.results.replay(&batch, &letters).await,
            How::RollBack => shared.results.try_replay(&batch, &letters).await,
        };
        let error = match replayed {
            Ok(tally) => return Ok(tally),
            Err(ApplyError::Unresolved(changes)) => {
                let row = shared.decoder.format.row();
                refused.extend(changes.into_iter().map(|change| (change.record, change.rejection(row))));
                continue;
            }
            Err(ApplyError::Store(error) | ApplyError::Unknown { error, .. }) => error,
            // A replay has no fence, and letters may be of any age.
            Err(ApplyError::Fenced | ApplyError::OtherSpace(_)) => continue,
        };
        if error.class() == Class::Row {
            let found = shared.results.find_refused(&batch).await?;
            if !found.is_empty() {
                refused.extend(found);
                continue;
            }
        }
        tries += 1;
        if tries == TRIES || !error.is_outage() {
            return Err(error.into());
        }
        tokio::time::sleep(backoff.next_delay()).await;
    }
}

/// Prepares each record by itself, because the records come from many partitions. A later change of an order goes into a later round.
async fn prepare(
    shared: &Shared,
    originals: &[Original],
    refused: &HashMap<usize, Rejection>,
) -> Result<(Batch, Vec<Replayed>), ReplayError> {
    let (mut letters, mut decoded) = (Vec::with_capacity(originals.len()), Vec::new());
    for (index, original) in originals.iter().enumerate() {
        let (outcome, changes) = decode(shared, original, refused.get(&index));
        decoded.extend(changes.map(|changes| (index, changes)));
        letters.push(Replayed { id: original.id.clone(), partition: original.record.partition, outcome });
    }
    let customer_ids: Vec<&str> = decoded.iter().flat_map(|(_, changes)| changes.customer_ids()).collect();
    let (lookups, _) = shared.customers.look_up(&customer_ids).await;
    if Lookup::is_unavailable(&lookups) && shared.strictness.refuse_unavailable {
        return Err(ReplayError::RedisIsAway);
    }
    let mut lookups = lookups.into_iter();
    let mut rounds: Vec<Round> = Vec::new();
    for (index, changes) in decoded {
        let mut refusals = Refusals::new();
        let lookups = changes.by_record(&mut lookups, 1);
        changes.refuse_unenriched(&lookups, shared.strictness, &mut refusals);
        match refusals.remove(&0) {
            Some(refusal) => letters[index].outcome = ReplayOutcome::Refused(refusal.rejection),
            None => add(&mut rounds, index, changes, &lookups),
        }
    }
    rounds.iter_mut().for_each(|round| round.puts.sort_unstable_by_key(|put| put.order_id));
    rounds.iter_mut().for_each(|round| round.deletes.sort_unstable_by_key(|delete| delete.order_id));
    let batch = Batch { rounds, redis_away: true, ..Batch::empty(0, 0, Utc::now()) };
    Ok((batch, letters))
}

fn decode(shared: &Shared, original: &Original, refused: Option<&Rejection>) -> (ReplayOutcome, Option<Changes>) {
    if let Some(rejection) = refused {
        return (ReplayOutcome::Refused(rejection.clone()), None);
    }
    let mut refusals = Refusals::new();
    let changes = changes::decode(&shared.decoder, std::slice::from_ref(&original.record), &Ended::default(), &mut refusals);
    match refusals.remove(&0) {
        Some(refusal) => (ReplayOutcome::Refused(refusal.rejection), None),
        None if changes.ignored > 0 => (ReplayOutcome::Ignored, None),
        None => match changes.truncates.first() {
            Some(position) => (ReplayOutcome::Truncate(*position), None),
            None => (ReplayOutcome::Change, Some(changes)),
        },
    }
}

/// Adds the one change of a record to the first round that comes after all rounds with the same order.
fn add(rounds: &mut Vec<Round>, index: usize, changes: Changes, lookups: &[Lookup]) {
    let (of_record, _) = changes.into_rounds(lookups, &Refusals::new());
    for mut round in of_record {
        round.puts.iter_mut().for_each(|put| put.record = index);
        round.deletes.iter_mut().for_each(|delete| delete.record = index);
        let order = round.puts.first().map(|put| put.order_id).or(round.deletes.first().map(|delete| delete.order_id));
        let number = rounds.iter().rposition(|known| order.is_some_and(|order| has(known, order))).map_or(0, |last| last + 1);
        if number == rounds.len() {
            rounds.push(Round::default());
        }
        rounds[number].puts.append(&mut round.puts);
        rounds[number].deletes.append(&mut round.deletes);
    }
}

fn has(round: &Round, order: i64) -> bool {
    round.puts.iter().any(|put| put.order_id == order) || round.deletes.iter().any(|delete| delete.order_id == order)
}
