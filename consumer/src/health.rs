//! The health of the process: workers report it, HTTP reads it, and no stall stays silent (P9).
//!
//! [`Health`] is the shared handle. [`Snapshot`] is the state behind it, which is changed by methods that take `now`. [`liveness`] and
//! [`readiness`] are pure functions from a snapshot to a verdict, and [`findings`] to what the verdict is made of.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use change::fate::Fates;

use crate::orders::absent::ColumnSet;

mod breaker;
mod comparison;
mod control;
mod detail;
mod finding;
mod group;
mod impairment;
mod partition;
mod program;
mod snapshot;
mod source;
mod verdict;
mod view;

pub use breaker::{BreakerReading, Breakers};
pub use comparison::{Comparison, ComparisonView, said};
pub(crate) use comparison::{grouped, plural};
pub use control::{Controls, HeldState, Hold, Pause};
pub use detail::{Detail, EdgeDetail, MOST_PARTITIONS, PartitionDetail};
pub use finding::{Finding, FindingKind};
pub use group::{DueView, Group, GroupView, Heard, Letters, PROCESS_STATES, ProcessReport, ProcessView, REPORT_EVERY, reasons};
pub use impairment::Impairment;
pub use partition::{PartitionHealth, PartitionState};
pub use program::{PROGRAM, REVISION, VERSION};
pub use snapshot::{Dependency, DependencyState, ReaderHealth, Snapshot};
pub use source::{
    ConnectorHealth, ConnectorReading, RunState, SlotReading, SlotsHealth, SlotsReading, Source, SourceRules, SourceView, TaskReading,
    instant_of,
};
pub use verdict::{OrdersWithoutRedis, Rules, Verdict, findings, liveness, readiness};
pub use view::{HealthView, PartitionView, StatusView, status};

type ReadBreakers = Arc<dyn Fn() -> Breakers + Send + Sync>;

/// The shared handle. Clones see the same state.
#[derive(Clone)]
pub struct Health {
    state: Arc<Mutex<Snapshot>>,
    breakers: Arc<Mutex<Option<ReadBreakers>>>,
    rules: Rules,
}

impl Health {
    /// The state at the start: nothing is known yet, so the process is not ready.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self { state: Arc::new(Mutex::new(Snapshot::new(Instant::now()))), breakers: Arc::default(), rules }
    }

    /// Reports that the topic is to be read. From now on its reader has to poll, and to be given an assignment.
    pub fn reads(&self, topic: &str) {
        self.lock().reader(topic);
    }

    /// Reports that the poll thread of the topic's reader is alive. To be called about once a second.
    pub fn polled(&self, topic: &str) {
        self.lock().reader(topic).last_poll = Some(Instant::now());
    }

    /// Reports that the group of the topic's readers gave an assignment. An empty one is fine: there may be more processes than partitions.
    pub fn assigned(&self, topic: &str) {
        self.lock().assigned(topic);
    }

    /// Reports that the group could not be reached for so long that it counts this process as gone. Nothing is known of the partition until
    /// the reader of the topic `reader` is given an assignment again.
    pub fn lost(&self, reader: &str, topic: &Arc<str>, partition: i32) {
        self.lock().lost(reader, topic, partition, Instant::now());
    }

    /// Reports the settings of the topics with which the work cannot go on; the list is empty if all is well.
    pub fn topics(&self, impossible: Vec<String>) {
        self.lock().topics = impossible;
    }

    /// Reports that the process cannot go on and is about to end. The first reason counts (P13).
    pub fn failed(&self, reason: impl Into<String>) {
        self.lock().failed(reason.into());
    }

    /// Reports that the process begins to shut down.
    pub fn stopping(&self) {
        self.lock().stopping();
    }

    /// Reports that a server answered.
    pub fn up(&self, dependency: Dependency) {
        self.lock().up(dependency, Instant::now());
    }

    /// Reports that a server did not answer, or cannot serve. `error` is its class, never its text (P11).
    pub fn down(&self, dependency: Dependency, error: &'static str) {
        self.lock().down(dependency, error, Instant::now());
    }

    /// Reports which server is in use. The one before stays known while there is none.
    pub fn served_by(&self, dependency: Dependency, server: String) {
        self.lock().servers.insert(dependency, server);
    }

    /// Reports what a server does not do although it answers. `found` holds everything that this `kind` of question has found. Returns what
    /// was not known before.
    pub fn impaired(&self, dependency: Dependency, kind: &'static str, found: &[Impairment]) -> Vec<Impairment> {
        self.lock().impaired(dependency, kind, found, Instant::now())
    }

    /// Reports that the partition was assigned and is being claimed. Reports about partitions that this process does not own are dropped.
    pub fn claiming(&self, topic: &Arc<str>, partition: i32) {
        self.lock().claiming(topic, partition, Instant::now());
    }

    /// Reports that the partition is claimed, with its next offset and the fates of its records so far by the ledger.
    pub fn claimed(&self, topic: &Arc<str>, partition: i32, next_offset: i64, fates: Fates) {
        self.lock().claimed(topic, partition, next_offset, fates, Instant::now());
    }

    /// Reports that the partition works again, after [`Health::waiting`].
    pub fn running(&self, topic: &Arc<str>, partition: i32) {
        self.lock().update(topic, partition, |known| known.enter(PartitionState::Running, Instant::now()));
    }

    /// Reports that the partition's batch met something that a retry within seconds may overcome. The reason is shown if it becomes a stall
    /// (P9).
    pub fn hindered(&self, topic: &Arc<str>, partition: i32, by: impl Into<String>) {
        self.lock().update(topic, partition, |known| known.hindered(by.into()));
    }

    /// Reports that the partition waits for something that no retry within seconds brings. The partition goes on by itself when it comes.
    pub fn waiting(&self, topic: &Arc<str>, partition: i32, reason: impl Into<String>) {
        let state = PartitionState::Waiting(reason.into());
        self.lock().update(topic, partition, |known| known.enter(state, Instant::now()));
    }

    /// Reports that the partition stopped, and that an operator has to act.
    pub fn stopped(&self, topic: &Arc<str>, partition: i32, reason: impl Into<String>) {
        let state = PartitionState::Stopped(reason.into());
        self.lock().update(topic, partition, |known| known.enter(state, Instant::now()));
    }

    /// Reports that the partition belongs to another process now.
    pub fn revoked(&self, topic: &Arc<str>, partition: i32) {
        self.lock().revoked(topic, partition);
    }

    /// Reports the partition's end, and when Kafka told it. To be called often, even if nothing arrives.
    pub fn high_watermark(&self, topic: &Arc<str>, partition: i32, offset: i64, told: Instant) {
        self.lock().update(topic, partition, |known| known.high_watermark(offset, told));
    }

    /// Reports that Kafka delivered everything below `delivered` and then said that the partition ends at `end`, so that no records lie
    /// between the two.
    pub fn end_reached(&self, topic: &Arc<str>, partition: i32, delivered: i64, end: i64) {
        self.lock().update(topic, partition, |known| known.end_reached(delivered, end, Instant::now()));
    }

    /// Reports a committed batch. `fates` are the fates of the batch.
    pub fn committed(&self, topic: &Arc<str>, partition: i32, next_offset: i64, fates: Fates) {
        self.lock().update(topic, partition, |known| known.committed(next_offset, fates, Instant::now()));
    }

    /// Reports how many records of the partition Redis does not reflect yet.
    pub fn redis_behind(&self, topic: &Arc<str>, partition: i32, records: u64) {
        self.lock().update(topic, partition, |known| known.redis_behind = Some(records));
    }

    /// Reports when the last record of a partition was written whose fate is committed, by whichever process.
    pub fn last_event(&self, topic: &Arc<str>, partition: i32, happened: Instant) {
        self.lock().last_event(topic, partition, happened);
    }

    /// Takes in what was found out of the way from the shop to Kafka.
    pub fn source(&self, change: impl FnOnce(&mut Source)) {
        change(&mut self.lock().source);
    }

    /// Takes in what was read of the whole group.
    pub fn group(&self, change: impl FnOnce(&mut Group)) {
        change(&mut self.lock().group);
    }

    /// Takes in what operators hold now: paused partitions, and the breaker.
    pub fn controls(&self, controls: Controls) {
        self.lock().controls(controls, Instant::now());
    }

    /// Reports the columns that the newest row of the partition lacks. Returns the columns that no other partition of the topic was known
    /// to lack, and the columns that no partition lacks any more.
    pub fn absent(&self, topic: &Arc<str>, partition: i32, columns: ColumnSet) -> (ColumnSet, ColumnSet) {
        let mut state = self.lock();
        let before = state.absent(topic);
        state.update(topic, partition, |known| known.absent = columns);
        let after = state.absent(topic);
        (after.minus(before), before.minus(after))
    }

    /// Sets the function that reads the breakers whenever they are needed.
    pub fn watch_breakers(&self, read: impl Fn() -> Breakers + Send + Sync + 'static) {
        *self.breakers.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(read));
    }

    /// The breakers as they are now; `None` before [`Health::watch_breakers`].
    #[must_use]
    pub fn breakers(&self) -> Option<Breakers> {
        let read = self.breakers.lock().unwrap_or_else(PoisonError::into_inner).clone();
        read.map(|read| read())
    }

    /// The whole state, as of now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.lock().clone()
    }

    /// The rules of the verdicts.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Locks the state. Every method leaves the snapshot whole, so a method that panicked does no harm to the next one.
    fn lock(&self) -> MutexGuard<'_, Snapshot> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health").field("state", &*self.lock()).field("rules", &self.rules).finish_non_exhaustive()
    }
}
