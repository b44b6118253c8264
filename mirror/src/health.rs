//! What the process knows of its partitions, its tables and its servers, and whether it does its work (P9).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kafka::dead_letter::DeadLetterError;
use kafka::source::{Event, TopicPartition};
use ledger::{Class, Ledger, StoreError};

use crate::letters::LetterRow;
use crate::store::Stored;
use crate::tables::LookError;

pub mod named;
pub mod series;
mod state;
#[cfg(test)]
mod tests;
mod view;

use state::{Answer, Doing, State};
pub use view::{ComponentsView, HealthView, PartitionView, PoolView, StatusView, TableView, Verdict};

/// The poll thread reports every second. After this silence it is dead, and only a restart helps.
const POLL_SILENCE: Duration = Duration::from_secs(60);
/// A partition that has lag and commits nothing for this time has stalled.
const STALL: Duration = Duration::from_secs(60);
/// A wait that lasts for this time is told in the ledger.
const LASTING: Duration = Duration::from_secs(3);

/// The state of the process. A clone shares it.
#[derive(Debug, Clone)]
pub struct Health(Arc<Mutex<State>>);

impl Default for Health {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(State::new(Instant::now()))))
    }
}

impl Health {
    /// Takes in what the source tells.
    pub fn note(&self, event: Event) {
        let mut state = self.lock();
        match event {
            Event::Polled => state.polled = Instant::now(),
            Event::Assigned => {
                state.assigned = true;
                state.kafka_down = false;
                // What was lost belongs to another process now, or is given again by an event of its own.
                state.partitions.retain(|_, known| known.doing != Doing::Lost);
            }
            Event::Owned(partition) => state.own(&partition),
            Event::Waiting(partition, reason) => state.enter(&partition, Doing::Waiting(reason)),
            Event::Started { partition, progress, .. } => {
                state.kafka_down = false;
                state.own(&partition);
                state.enter(&partition, Doing::Running);
                if let Some(known) = state.partitions.get_mut(&(partition.topic, partition.number)) {
                    known.progress = Some(progress);
                    known.committed_at = Some(Instant::now());
                }
            }
            Event::Stopped(partition, reason) => {
                let topic = &partition.topic;
                tracing::error!(%topic, partition = partition.number, %reason, "A partition has stopped; the others go on");
                state.enter(&partition, Doing::Stopped(reason.to_string()));
            }
            Event::Revoked(partition) => drop(state.partitions.remove(&(partition.topic, partition.number))),
            Event::Lost(partition) => state.enter(&partition, Doing::Lost),
            Event::KafkaDown => state.kafka_down = true,
            Event::KafkaUp => state.kafka_down = false,
            Event::Fatal(reason) => state.failed = Some(reason),
        }
    }

    /// The worker works.
    pub fn running(&self, partition: &TopicPartition) {
        self.lock().enter(partition, Doing::Running);
    }

    /// The worker waits for this reason and goes on by itself.
    pub fn waiting(&self, partition: &TopicPartition, reason: String) {
        self.lock().enter(partition, Doing::Waiting(reason));
    }

    /// The worker cannot go on for this reason.
    pub fn stopped(&self, partition: &TopicPartition, reason: String) {
        self.lock().enter(partition, Doing::Stopped(reason));
    }

    /// A batch was committed up to offset `to`.
    pub fn committed(&self, partition: &TopicPartition, to: i64, stored: Stored, letters: &[LetterRow]) {
        let (mut state, now) = (self.lock(), Instant::now());
        state.enter(partition, Doing::Running);
        if let Some(known) = state.partitions.get_mut(&(Arc::clone(&partition.topic), partition.number)) {
            known.committed_at = Some(now);
        }
        *state.fates.entry((Arc::clone(&partition.topic), partition.number)).or_default() += stored.fates;
        for (name, written) in stored.tables {
            let table = state.table(&name);
            table.written += written;
            table.last = Some(now);
            table.topics.insert(Arc::clone(&partition.topic));
        }
        for letter in letters {
            if let Some(table) = &letter.table {
                state.table(&table.to_string()).letters += 1;
            }
        }
        let told = letters.first().map(|first| (first, state.throttle("dead letters")));
        drop(state);
        if let Some((first, Some(suppressed))) = told {
            tracing::warn!(
                topic = %partition.topic, partition = partition.number, offset = first.offset, letters = letters.len(), up_to = to, suppressed,
                reason = first.rejection.reason.as_str(), what = first.rejection.message, "Records that cannot be processed are dead letters now"
            );
        }
    }

    /// Postgres does not take a batch.
    pub fn troubled(&self, partition: &TopicPartition, error: &StoreError) {
        let mut state = self.lock();
        match error.class() {
            Class::Connection => state.postgres = Answer::Down(error.to_string()),
            Class::Ours | Class::Row => state.enter(partition, Doing::Waiting(error.to_string())),
            Class::Contention | Class::UnknownOutcome => {}
        }
        let suppressed = state.throttle(error.class().as_str());
        drop(state);
        if let Some(suppressed) = suppressed {
            tracing::warn!(
                topic = %partition.topic, partition = partition.number, class = error.class().as_str(), suppressed, %error,
                "Postgres does not take this partition's batch; it is tried again"
            );
        }
    }

    /// Kafka does not acknowledge dead letters.
    pub fn letters_troubled(&self, partition: &TopicPartition, error: &DeadLetterError) {
        let mut state = self.lock();
        state.enter(partition, Doing::Waiting(format!("a dead letter was not acknowledged: {error}")));
        let suppressed = state.throttle("letters wait");
        drop(state);
        if let Some(suppressed) = suppressed {
            tracing::warn!(
                topic = %partition.topic, partition = partition.number, suppressed, %error,
                "Dead letters are not acknowledged; the partition waits and tries again"
            );
        }
    }

    /// Whether Postgres answers.
    pub fn postgres(&self, answer: Result<(), &StoreError>) {
        self.lock().postgres = Answer::of(answer);
    }

    /// Whether the source's catalog can be read. Without it rows are written as before, and changes of types are not noticed.
    pub fn source(&self, answer: Result<(), &LookError>) {
        let mut state = self.lock();
        let was_away = state.source.reason().is_some();
        if state.source != Answer::NotConfigured {
            state.source = Answer::of(answer);
        }
        let suppressed = answer.err().and_then(|_| state.throttle("source"));
        drop(state);
        match answer {
            Err(error) => {
                if let Some(suppressed) = suppressed {
                    tracing::warn!(suppressed, %error, "The source's catalog cannot be read; changes of types there are not noticed until it can");
                }
            }
            Ok(()) if was_away => tracing::info!("The source's catalog can be read again"),
            Ok(()) => {}
        }
    }

    /// The connections to the target; `has_source` says whether the source's catalog is read.
    pub fn begun(&self, target: Ledger, has_source: bool) {
        let mut state = self.lock();
        state.target = Some(target);
        if !has_source {
            state.source = Answer::NotConfigured;
        }
    }

    /// The process cannot go on.
    pub fn failed(&self, reason: String) {
        self.lock().failed = Some(reason);
    }

    /// The process was asked to end.
    pub fn stopping(&self) {
        self.lock().stopping = true;
    }

    /// Why a partition of this process does not go on: it has stopped, or has waited for long. `None` of a partition of another process.
    #[must_use]
    pub fn stop(&self, topic: &str, partition: i32) -> Option<Option<String>> {
        let state = self.lock();
        let (_, known) = state.partitions.iter().find(|((of, number), _)| **of == *topic && *number == partition)?;
        Some(match &known.doing {
            Doing::Stopped(reason) => Some(reason.clone()),
            Doing::Waiting(reason) if known.since.elapsed() >= LASTING => Some(reason.clone()),
            Doing::Waiting(_) | Doing::Claiming | Doing::Running | Doing::Lost => None,
        })
    }

    /// Whether the process does its work, with the reasons why not.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        view::verdict(&self.lock(), Instant::now())
    }

    /// The verdict and each server, for `/health`.
    #[must_use]
    pub fn health(&self) -> HealthView {
        view::health(&self.lock(), Instant::now())
    }

    /// Reads the state.
    fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.lock())
    }

    /// Everything that is known, for `/status`.
    #[must_use]
    pub fn status(&self) -> StatusView {
        view::status(&self.lock(), Instant::now())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
