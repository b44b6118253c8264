//! The claimed partitions of this process, and how far it had committed in those that it has left.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ledger::Claim;

use super::Place;

/// The claimed partitions of this process.
#[derive(Debug, Default)]
pub struct Places(Mutex<Known>);

/// A topic and a partition.
type Key = (Arc<str>, i32);

#[derive(Debug, Default)]
struct Known {
    claimed: BTreeMap<Key, Arc<Place>>,
    /// For each partition that this process has left, how far the process had committed.
    left: BTreeMap<Key, Left>,
}

/// The last state of a partition that this process knew.
#[derive(Debug, Clone, Copy)]
struct Left {
    generation: i64,
    /// The offset after the last record whose fate is committed.
    next_offset: i64,
}

impl Left {
    /// Whether a claim with this generation and offset lacks what this process had committed. A claim takes the next generation. A higher
    /// generation means that other processes had the partition, or that an operator has moved the offset, which takes a generation too. In
    /// these cases a lower offset is no loss.
    fn is_lost(self, generation: i64, next_offset: i64) -> bool {
        next_offset < self.next_offset && generation <= self.generation + 1
    }
}

impl Places {
    /// Whether this process had committed more of the partition than the ledger knew at this claim, so that Postgres has lost commits (P2).
    #[must_use]
    pub fn had_committed_more(&self, claim: &Claim) -> bool {
        let left = self.lock().left.get(&(Arc::clone(&claim.topic), claim.partition)).copied();
        left.is_some_and(|left| left.is_lost(claim.generation, claim.next_offset))
    }

    /// Adds a partition. An older claim of the same partition is replaced.
    pub fn enter(&self, place: &Arc<Place>) {
        self.lock().claimed.insert(key(place), Arc::clone(place));
    }

    /// Removes a partition, unless it was claimed anew meanwhile, and remembers how far it was committed.
    pub fn leave(&self, place: &Arc<Place>) {
        let (key, mut known) = (key(place), self.lock());
        known.left.insert(key.clone(), Left { generation: place.tenure.claim.generation, next_offset: place.tenure.progress().done() });
        if known.claimed.get(&key).is_some_and(|current| Arc::ptr_eq(current, place)) {
            known.claimed.remove(&key);
        }
    }

    /// All claimed partitions.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Place>> {
        self.lock().claimed.values().cloned().collect()
    }

    /// The claimed partitions of `topic`.
    #[must_use]
    pub fn of(&self, topic: &str) -> Vec<Arc<Place>> {
        self.lock().claimed.values().filter(|place| &*place.tenure.claim.topic == topic).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(place: &Place) -> Key {
    (Arc::clone(&place.tenure.claim.topic), place.tenure.claim.partition)
}

#[cfg(test)]
mod tests {
    use super::Left;

    #[test]
    fn a_lower_offset_is_a_loss_unless_others_had_the_partition_or_an_operator_has_moved_it() {
        let left = Left { generation: 7, next_offset: 100 };
        // The partition was claimed again at once, and from a ledger that is older still.
        assert!(left.is_lost(8, 99) && left.is_lost(3, 0));
        assert!(!left.is_lost(8, 100) && !left.is_lost(8, 120));
        assert!(!left.is_lost(9, 50));
    }
}
