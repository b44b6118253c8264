//! What Postgres has committed of the customers topic: the measure of whether Redis holds all customers (P8).

use std::sync::{Arc, PoisonError, RwLock};

use crate::progress::Point;

/// Partitions and how far each of them is committed.
type Partitions = Arc<[(i32, Point)]>;

/// Per partition of the customers topic, what Postgres has committed. Cloned freely; all clones see what one of them is told.
///
/// A value a second old is good enough: progress in Redis moves before the transaction that commits, so it is never behind an older value
/// unless something was lost. A partition that was claimed and has nothing yet needs [`Progress::set`](crate::progress::Progress::set) too.
#[derive(Debug, Clone, Default)]
pub struct CommittedCustomers(Arc<RwLock<Option<Partitions>>>);

impl CommittedCustomers {
    /// Replaces what is known: partition and what is committed of it.
    pub fn set(&self, partitions: Vec<(i32, Point)>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(partitions.into());
    }

    /// What is known; `None` before the first [`set`](Self::set).
    #[must_use]
    pub fn get(&self) -> Option<Partitions> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
