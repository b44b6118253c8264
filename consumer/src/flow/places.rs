//! The claimed partitions of this process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Place;

/// The claimed partitions of this process.
#[derive(Debug, Default)]
pub struct Places(Mutex<ByPartition>);

type ByPartition = BTreeMap<(Arc<str>, i32), Arc<Place>>;

impl Places {
    /// Adds a partition; the one of an older claim gives way.
    pub fn enter(&self, place: &Arc<Place>) {
        let key = (Arc::clone(&place.claim.topic), place.claim.partition);
        self.lock().insert(key, Arc::clone(place));
    }

    /// Removes a partition, unless it was claimed anew meanwhile.
    pub fn leave(&self, place: &Arc<Place>) {
        let key = (Arc::clone(&place.claim.topic), place.claim.partition);
        let mut places = self.lock();
        if places.get(&key).is_some_and(|current| Arc::ptr_eq(current, place)) {
            places.remove(&key);
        }
    }

    /// All claimed partitions.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Place>> {
        self.lock().values().cloned().collect()
    }

    /// The claimed partitions of `topic`.
    #[must_use]
    pub fn of(&self, topic: &str) -> Vec<Arc<Place>> {
        self.lock().values().filter(|place| &*place.claim.topic == topic).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, ByPartition> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
