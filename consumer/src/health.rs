//! What the process knows about its own health: workers write it, HTTP reads it, and no stall stays silent (P9).
//!
//! [`Health`] is the shared handle; [`Snapshot`] is what is behind it, changed by methods that take `now`; [`liveness`] and [`readiness`] are
//! pure functions from a snapshot to a verdict.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::orders::absent::ColumnSet;
use change::fate::Fates;

mod breaker;
mod impairment;
mod partition;
mod snapshot;
mod verdict;
mod view;

pub use breaker::{BreakerReading, Breakers};
pub use impairment::Impairment;
pub use partition::{PartitionHealth, PartitionState};
pub use snapshot::{Dependency, DependencyState, ReaderHealth, Snapshot};
pub use verdict::{Rules, Verdict, liveness, readiness};
pub use view::{HealthView, PartitionView, StatusView};

type ReadBreakers = Arc<dyn Fn() -> Breakers + Send + Sync>;

/// The shared handle; clones see the same state.
#[derive(Clone)]
pub struct Health {
    state: Arc<Mutex<Snapshot>>,
    breakers: Arc<Mutex<Option<ReadBreakers>>>,
    rules: Rules,
}

impl Health {
    /// Nothing is known yet: not ready.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self { state: Arc::new(Mutex::new(Snapshot::new(Instant::now()))), breakers: Arc::default(), rules }
    }

    /// The topic is to be read: from now on its reader has to poll, and to be given an assignment.
    pub fn reads(&self, topic: &str) {
        self.lock().reader(topic);
    }

    /// The poll thread of the topic's reader is alive; called about once a second.
    pub fn polled(&self, topic: &str) {
        self.lock().reader(topic).last_poll = Some(Instant::now());
    }

    /// The group of the topic's readers gave an assignment, be it an empty one: more processes than partitions is fine.
    pub fn assigned(&self, topic: &str) {
        self.lock().assigned(topic);
    }

    /// The group could not be reached for so long that it counts this process as gone: nothing is known of the partition until the reader of
    /// `reader` is given an assignment again.
    pub fn lost(&self, reader: &str, topic: &Arc<str>, partition: i32) {
        self.lock().lost(reader, topic, partition, Instant::now());
    }

    /// What the work cannot go on with in the topics as they are; none if all is well.
    pub fn topics(&self, impossible: Vec<String>) {
        self.lock().topics = impossible;
    }

    /// The process cannot go on and is about to end; the first reason counts (P13).
    pub fn failed(&self, reason: impl Into<String>) {
        self.lock().failed(reason.into());
    }

    /// The process begins to shut down.
    pub fn stopping(&self) {
        self.lock().stopping();
    }

    /// A server answered.
    pub fn up(&self, dependency: Dependency) {
        self.lock().up(dependency, Instant::now());
    }

    /// A server did not answer, or cannot serve; `error` is its class, never its text (P11).
    pub fn down(&self, dependency: Dependency, error: &'static str) {
        self.lock().down(dependency, error, Instant::now());
    }

    /// What a server that answers does not do, of all that this `kind` of question is about. Returns what was not known before.
    pub fn impaired(&self, dependency: Dependency, kind: &'static str, found: &[Impairment]) -> Vec<Impairment> {
        self.lock().impaired(dependency, kind, found, Instant::now())
    }

    /// The partition was assigned and is being claimed. News of partitions that are not owned, or no longer, are dropped.
    pub fn claiming(&self, topic: &Arc<str>, partition: i32) {
        self.lock().claiming(topic, partition, Instant::now());
    }

    /// The partition is claimed; its ledger says where it stands and what became of its records so far.
    pub fn claimed(&self, topic: &Arc<str>, partition: i32, next_offset: i64, fates: Fates) {
        self.lock().claimed(topic, partition, next_offset, fates, Instant::now());
    }

    /// The partition works again, after [`Health::waiting`].
    pub fn running(&self, topic: &Arc<str>, partition: i32) {
        self.lock().update(topic, partition, |known| known.enter(PartitionState::Running, Instant::now()));
    }

    /// The partition's batch met something that a retry within seconds may overcome; told if it becomes a stall (P9).
    pub fn hindered(&self, topic: &Arc<str>, partition: i32, by: impl Into<String>) {
        self.lock().update(topic, partition, |known| known.hindered(by.into()));
    }

    /// The partition waits for something that no retry within seconds brings, and goes on by itself when it comes.
    pub fn waiting(&self, topic: &Arc<str>, partition: i32, reason: impl Into<String>) {
        let state = PartitionState::Waiting(reason.into());
        self.lock().update(topic, partition, |known| known.enter(state, Instant::now()));
    }

    /// The partition stopped; somebody has to act.
    pub fn stopped(&self, topic: &Arc<str>, partition: i32, reason: impl Into<String>) {
        let state = PartitionState::Stopped(reason.into());
        self.lock().update(topic, partition, |known| known.enter(state, Instant::now()));
    }

    /// The partition belongs to another process now.
    pub fn revoked(&self, topic: &Arc<str>, partition: i32) {
        self.lock().revoked(topic, partition);
    }

    /// Kafka told the partition's end, at that moment; to be called often, also when nothing arrives.
    pub fn high_watermark(&self, topic: &Arc<str>, partition: i32, offset: i64, told: Instant) {
        self.lock().update(topic, partition, |known| known.high_watermark(offset, told));
    }

    /// Kafka delivered everything below `delivered` and then said that the partition ends at `end`: what lies between are no records.
    pub fn end_reached(&self, topic: &Arc<str>, partition: i32, delivered: i64, end: i64) {
        self.lock().update(topic, partition, |known| known.end_reached(delivered, end, Instant::now()));
    }

    /// A batch was committed; `fates` are those of the batch.
    pub fn committed(&self, topic: &Arc<str>, partition: i32, next_offset: i64, fates: Fates) {
        self.lock().update(topic, partition, |known| known.committed(next_offset, fates, Instant::now()));
    }

    /// The newest row of the partition lacks these columns. Returns which of them no other partition of the topic was known to lack, and which
    /// none lacks any more.
    pub fn absent(&self, topic: &Arc<str>, partition: i32, columns: ColumnSet) -> (ColumnSet, ColumnSet) {
        let mut state = self.lock();
        let before = state.absent(topic);
        state.update(topic, partition, |known| known.absent = columns);
        let after = state.absent(topic);
        (after.minus(before), before.minus(after))
    }

    /// From now on the breakers are read where they are needed, by this function.
    pub fn watch_breakers(&self, read: impl Fn() -> Breakers + Send + Sync + 'static) {
        *self.breakers.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(read));
    }

    /// The breakers as they are now; `None` before [`Health::watch_breakers`].
    #[must_use]
    pub fn breakers(&self) -> Option<Breakers> {
        let read = self.breakers.lock().unwrap_or_else(PoisonError::into_inner).clone();
        read.map(|read| read())
    }

    /// All of it, as of now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.lock().clone()
    }

    /// What the verdicts go by.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Every method leaves the snapshot whole, so one that panicked did no harm to the next.
    fn lock(&self) -> MutexGuard<'_, Snapshot> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health").field("state", &*self.lock()).field("rules", &self.rules).finish_non_exhaustive()
    }
}
