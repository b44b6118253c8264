//! The claimed partitions of this process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Place;
use crate::results::Claim;

/// The claimed partitions of this process.
#[derive(Debug, Default)]
pub struct Places(Mutex<Known>);

/// Topic and partition.
type Key = (Arc<str>, i32);

#[derive(Debug, Default)]
struct Known {
    claimed: BTreeMap<Key, Arc<Place>>,
    /// How far this process had committed where it has left a partition.
    committed: BTreeMap<Key, i64>,
}

impl Places {
    /// Whether this process has committed more of the partition than the ledger knew when it was claimed: Postgres has lost commits (P2). An
    /// operator who has moved the offset back has lost nothing: no last record stands beside it then.
    #[must_use]
    pub fn had_committed_more(&self, claim: &Claim) -> bool {
        let before = self.lock().committed.get(&(Arc::clone(&claim.topic), claim.partition)).copied();
        claim.landmark.is_some() && before.is_some_and(|before| before > claim.next_offset)
    }

    /// Adds a partition; the one of an older claim gives way.
    pub fn enter(&self, place: &Arc<Place>) {
        self.lock().claimed.insert(key(place), Arc::clone(place));
    }

    /// Removes a partition, unless it was claimed anew meanwhile, and remembers how far it was.
    pub fn leave(&self, place: &Arc<Place>) {
        let (key, mut known) = (key(place), self.lock());
        known.committed.insert(key.clone(), place.progress().done());
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
        self.lock().claimed.values().filter(|place| &*place.claim.topic == topic).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(place: &Place) -> Key {
    (Arc::clone(&place.claim.topic), place.claim.partition)
}
