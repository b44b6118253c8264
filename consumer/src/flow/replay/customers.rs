//! Replays dead letters of customers: writes them to Redis with their original positions (P5).
//!
//! Where Redis has the customer, the guard in Redis decides. Redis remembers a deleted customer for days, but not for ever. Where there is
//! no hash, only the topic can tell whether the customer was deleted since. If the record still stands there and is the last with its key,
//! nothing came after it. If a later record is there, or if compaction has removed the record itself, something came after it, and the
//! letter is stale.

use std::collections::{BTreeMap, HashMap, HashSet};

use change::record::Record;
use kafka::reread::Reread;
use kafka::source::{TopicPartition, Watermarks};

use super::{Original, ReplayError, TRIES};
use crate::orders::customer::{ChangedCustomer, CustomerChange};
use crate::orders::decode::Decoded;
use crate::results::replay::{ReplayOutcome, Replayed, Tally};
use crate::shared::Shared;

/// The customers' topic, which is read at most once, when the customer of a letter is not in Redis. The last records take some hundred
/// bytes per customer.
#[derive(Debug)]
pub struct CustomersLog {
    logs: Vec<(TopicPartition, Watermarks)>,
    reread: Reread,
    last: Option<HashMap<String, Last>>,
}

/// The last record of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Last {
    partition: i32,
    offset: i64,
    /// Whether other partitions have records of the customer too, so that offsets do not tell which came last.
    moved: bool,
}

/// What came after a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    Nothing,
    Something,
    Unknown,
}

impl CustomersLog {
    /// The partitions of the customers' topic, as they are now.
    #[must_use]
    pub fn new(logs: Vec<(TopicPartition, Watermarks)>, reread: Reread) -> Self {
        Self { logs, reread, last: None }
    }

    async fn after(&mut self, shared: &Shared, record: &Record, customer: &str) -> Result<After, ReplayError> {
        if self.last.is_none() {
            self.last = Some(self.read(shared).await?);
        }
        let log = self.logs.iter().find(|(partition, _)| partition.number == record.partition).map(|(_, log)| *log);
        let last = self.last.as_ref().and_then(|last| last.get(customer));
        Ok(log.filter(|_| record.key.is_some()).map_or(After::Unknown, |log| after(record.partition, record.offset, log, last)))
    }

    async fn read(&self, shared: &Shared) -> Result<HashMap<String, Last>, ReplayError> {
        let mut last: HashMap<String, Last> = HashMap::new();
        for (partition, log) in &self.logs {
            let mut batches = self.reread.start(&partition.topic, partition.number, log.low..log.high);
            while let Some(records) = batches.next().await {
                for record in records? {
                    let Some(customer) = shared.decoder.customer_of_key(&record) else { continue };
                    let here = Last { partition: record.partition, offset: record.offset, moved: false };
                    let known = last.entry(customer).or_insert(here);
                    *known = Last { moved: known.moved || known.partition != here.partition, ..here };
                }
            }
        }
        Ok(last)
    }
}

fn after(partition: i32, offset: i64, log: Watermarks, last: Option<&Last>) -> After {
    match last {
        _ if !(log.low..log.high).contains(&offset) => After::Unknown,
        Some(last) if last.moved || last.partition != partition || last.offset < offset => After::Unknown,
        Some(last) if last.offset == offset => After::Nothing,
        // Compaction removes a record only where there is a later one with its key. In the end a delete is removed too, and takes
        // everything before it along.
        Some(_) | None => After::Something,
    }
}

/// Replays letters of customers in the given order: first their hashes, then the transaction that marks the customers' orders.
///
/// # Errors
/// [`ReplayError`]
pub async fn replay(shared: &Shared, log: &mut CustomersLog, originals: &[Original]) -> Result<Tally, ReplayError> {
    let (mut letters, decoded) = decode(shared, originals);
    let mut changes = newest(shared, log, originals, decoded, &mut letters).await?;
    shared.results.stand_in(&mut changes.1).await?;
    let mut backoff = shared.backoff();
    let mut tries = 0;
    loop {
        let error = match write(shared, originals, &changes, &letters).await {
            Err(ReplayError::Store(error)) => error,
            outcome => return outcome,
        };
        tries += 1;
        if tries == TRIES || !error.is_outage() {
            return Err(error.into());
        }
        tokio::time::sleep(backoff.next_delay()).await;
    }
}

/// The changes, and for each the index of its letter.
type Indexed = (Vec<usize>, Vec<CustomerChange>);

fn decode(shared: &Shared, originals: &[Original]) -> (Vec<Replayed>, Indexed) {
    let (mut letters, mut indices, mut changes) = (Vec::with_capacity(originals.len()), Vec::new(), Vec::new());
    for (index, original) in originals.iter().enumerate() {
        let outcome = match shared.decoder.customer(&original.record) {
            Ok(Decoded::Change(change)) => {
                indices.push(index);
                changes.push(change);
                ReplayOutcome::Change
            }
            Ok(Decoded::Ignored | Decoded::Truncate(_)) => ReplayOutcome::Ignored,
            Err(rejection) => ReplayOutcome::Refused(rejection),
        };
        letters.push(Replayed { id: original.id.clone(), partition: original.record.partition, outcome });
    }
    (letters, (indices, changes))
}

/// Takes out the changes that are stale by what the topic says.
async fn newest(
    shared: &Shared,
    log: &mut CustomersLog,
    originals: &[Original],
    (indices, changes): Indexed,
    letters: &mut [Replayed],
) -> Result<Indexed, ReplayError> {
    if !shared.customers.are_whole().await? {
        return Err(ReplayError::RedisIsNotWhole);
    }
    let ids: Vec<&str> = changes.iter().map(|change| change.id.as_str()).collect();
    let positions = shared.customers.positions(&ids).await?;
    let mut newest: Indexed = Indexed::default();
    for ((index, change), position) in indices.into_iter().zip(changes).zip(positions) {
        let after = match position {
            Some(_) => After::Nothing,
            None => log.after(shared, &originals[index].record, &change.id).await?,
        };
        match after {
            After::Nothing => {
                newest.0.push(index);
                newest.1.push(change);
            }
            After::Something => letters[index].outcome = ReplayOutcome::Stale,
            After::Unknown => letters[index].outcome = ReplayOutcome::Unknown,
        }
    }
    Ok(newest)
}

async fn write(shared: &Shared, originals: &[Original], (indices, changes): &Indexed, letters: &[Replayed]) -> Result<Tally, ReplayError> {
    let replayed = if changes.is_empty() { Vec::new() } else { shared.customers.replay(changes).await? };
    let mut applied = HashSet::new();
    let mut changed: BTreeMap<i32, Vec<ChangedCustomer>> = BTreeMap::new();
    let mut seen = HashSet::new();
    for (index, replayed) in indices.iter().zip(replayed) {
        if replayed.took_effect {
            applied.insert(*index);
        }
        if seen.insert(replayed.customer.id.clone()) {
            changed.entry(originals[*index].record.partition).or_default().push(replayed.customer);
        }
    }
    Ok(shared.results.replay_customers(&changed, letters, &applied, shared.refresh).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: Watermarks = Watermarks { low: 10, high: 100 };

    fn last(offset: i64) -> Last {
        Last { partition: 1, offset, moved: false }
    }

    #[test]
    fn a_record_that_is_the_last_of_its_key_is_the_newest_and_any_other_is_not() {
        assert_eq!(after(1, 50, LOG, Some(&last(50))), After::Nothing);
        assert_eq!(after(1, 50, LOG, Some(&last(51))), After::Something);
        assert_eq!(after(1, 50, LOG, None), After::Something, "compacted away with the delete that came after it");
    }

    #[test]
    fn what_the_topic_cannot_tell_is_unknown() {
        assert_eq!(after(1, 9, LOG, None), After::Unknown, "gone by retention");
        assert_eq!(after(1, 100, LOG, None), After::Unknown, "the topic is another one");
        assert_eq!(after(1, 50, LOG, Some(&Last { moved: true, ..last(50) })), After::Unknown);
        assert_eq!(after(1, 50, LOG, Some(&Last { partition: 2, ..last(50) })), After::Unknown);
        assert_eq!(after(1, 50, LOG, Some(&last(49))), After::Unknown);
    }
}
