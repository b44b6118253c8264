//! Keeps what Postgres has committed of the customers topic, by which lookups decide whether Redis holds all customers (P8).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::redis::progress::Point;

/// Partitions and how far each of them is committed.
type Partitions = Arc<[(i32, Point)]>;

/// What Postgres has committed of each partition of the customers topic. May be cloned freely: all clones see what one of them is told.
///
/// A value a second old is good enough: the progress in Redis moves before the transaction that commits, so the progress is never behind an
/// older value unless something was lost. A partition that was claimed and has nothing yet needs
/// [`RedisProgress::set`](crate::redis::progress::RedisProgress::set) too.
#[derive(Debug, Clone, Default)]
pub struct CommittedCustomers(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    partitions: RwLock<Option<Partitions>>,
    has_reached_the_start: AtomicBool,
}

impl CommittedCustomers {
    /// Replaces what is known: each partition, and what is committed of it.
    pub fn set(&self, partitions: Vec<(i32, Point)>) {
        *self.0.partitions.write().unwrap_or_else(PoisonError::into_inner) = Some(partitions.into());
    }

    /// What is known, or `None` before the first [`set`](Self::set).
    #[must_use]
    pub fn get(&self) -> Option<Partitions> {
        self.0.partitions.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether everything is committed that was on the topic when this process started. Before that, a customer who is not in Redis may
    /// only be unread.
    #[must_use]
    pub fn has_reached_the_start(&self) -> bool {
        self.0.has_reached_the_start.load(Ordering::Relaxed)
    }

    /// Notes that there is nothing to wait for.
    pub fn reach_the_start(&self) {
        self.0.has_reached_the_start.store(true, Ordering::Relaxed);
    }

    /// Compares what is committed with where the partitions ended when this process started. The partitions in `caught_up` have no record
    /// left to read, whatever stands at the end of their log.
    pub fn look_for_the_start(&self, ends: &BTreeMap<i32, i64>, caught_up: &[i32]) {
        let committed = self.get().unwrap_or_default();
        let has_reached = |(partition, end): (&i32, &i64)| {
            caught_up.contains(partition) || committed.iter().any(|(of, point)| of == partition && point.next_offset >= *end)
        };
        if ends.iter().all(has_reached) {
            self.reach_the_start();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_is_reached_once_every_partition_is_committed_up_to_where_it_ended_then() {
        let committed = CommittedCustomers::default();
        let ends = BTreeMap::from([(0, 10), (1, 20)]);
        let reaches = |points: [i64; 2], caught_up: &[i32]| {
            committed.set((0..).zip(points).map(|(partition, next_offset)| (partition, Point { epoch: 0, next_offset })).collect());
            committed.look_for_the_start(&ends, caught_up);
            committed.has_reached_the_start()
        };
        assert!(!reaches([10, 19], &[]));
        assert!(!reaches([9, 19], &[1]));
        assert!(reaches([10, 19], &[1]), "what is left is no record");
        assert!(reaches([0, 0], &[]), "once and for all");
    }
}
