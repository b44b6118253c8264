//! The state as others see it: the verdict of `/readyz`, and the JSON of `/status`.

use std::sync::Arc;
use std::time::Instant;

use change::fate::Fates;
use serde::Serialize;

use super::state::{Answer, Doing, Partition, State};
use super::{POLL_SILENCE, STALL};

/// Whether the process does its work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Whether it does.
    pub ready: bool,
    /// Why it does not; with `ready`, what waits although the rest goes on.
    pub reasons: Vec<String>,
}

/// The whole state.
#[derive(Debug, Clone, Serialize)]
pub struct StatusView {
    /// Whether the process does its work.
    pub verdict: Verdict,
    /// Each server.
    pub components: ComponentsView,
    /// The partitions of this process.
    pub partitions: Vec<PartitionView>,
    /// The tables that this process has written.
    pub tables: Vec<TableView>,
}

/// A partition.
#[derive(Debug, Clone, Serialize)]
pub struct PartitionView {
    /// The topic.
    pub topic: String,
    /// The number.
    pub partition: i32,
    /// What its worker does: `claiming`, `running`, `waiting`, `stopped`, `lost`.
    pub state: &'static str,
    /// Why the worker waits or has stopped.
    pub reason: Option<String>,
    /// For how many seconds.
    pub seconds: u64,
    /// Offsets between what is done and the end of the log.
    pub lag: Option<u64>,
    /// The fates of the records that this process has read.
    pub fates: Fates,
}

/// Whether the process does its work, and each server, for `/health`.
#[derive(Debug, Clone, Serialize)]
pub struct HealthView {
    /// Whether it does, and why not.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Each server.
    pub components: ComponentsView,
}

/// The servers that the process talks to.
#[derive(Debug, Clone, Serialize)]
pub struct ComponentsView {
    /// The target's Postgres.
    pub postgres: PostgresView,
    /// Kafka.
    pub kafka: KafkaView,
    /// The source's catalog.
    pub source: ServerView,
}

/// A server.
#[derive(Debug, Clone, Serialize)]
pub struct ServerView {
    /// `up`, `down`, `unknown` before the first answer, `not_configured`.
    pub status: &'static str,
    /// Why it is down.
    pub reason: Option<String>,
}

/// The target's Postgres.
#[derive(Debug, Clone, Serialize)]
pub struct PostgresView {
    /// Whether it answers.
    #[serde(flatten)]
    pub server: ServerView,
    /// The connections, once they are made.
    pub pool: Option<PoolView>,
}

/// Connections.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct PoolView {
    /// How many are in use.
    pub in_use: usize,
    /// How many there may be, one for pings aside.
    pub max: usize,
}

/// Kafka.
#[derive(Debug, Clone, Serialize)]
pub struct KafkaView {
    /// Whether it answers.
    #[serde(flatten)]
    pub server: ServerView,
    /// The partitions of this process.
    pub partitions: usize,
    /// Offsets between what is done and the ends of these partitions.
    pub lag: Option<u64>,
    /// Records that were read and are not committed yet: in the inboxes, and in the batches that are worked on.
    pub in_process: u64,
}

/// A table.
#[derive(Debug, Clone, Serialize)]
pub struct TableView {
    /// The source's table.
    pub table: String,
    /// Rows that were inserted or updated by this process.
    pub upserts: u64,
    /// Rows that were deleted by this process.
    pub deletes: u64,
    /// Changes that were older than what was stored.
    pub stale: u64,
    /// Records that became dead letters.
    pub letters: u64,
    /// Offsets between what is done and the ends of this process' partitions of the table's topic. Other tables may share the topic.
    pub lag: Option<u64>,
    /// Seconds since the last change.
    pub last_change_seconds: Option<u64>,
}

pub(super) fn verdict(state: &State, now: Instant) -> Verdict {
    let mut reasons = Vec::new();
    if let Some(reason) = &state.failed {
        reasons.push(reason.clone());
    }
    if state.stopping {
        reasons.push("the process ends".to_owned());
    }
    if let Some(reason) = state.postgres.reason() {
        reasons.push(format!("postgres: {reason}"));
    }
    if state.kafka_down {
        reasons.push("kafka: no broker answers".to_owned());
    }
    if !state.assigned {
        reasons.push("kafka: the group has not assigned partitions yet".to_owned());
    }
    if now.duration_since(state.polled) > POLL_SILENCE {
        reasons.push("the thread that polls Kafka is dead; restart the process".to_owned());
    }
    for ((topic, number), partition) in &state.partitions {
        if let Some(reason) = trouble(partition, now) {
            reasons.push(format!("{topic}/{number}: {reason}"));
        }
    }
    let ready = reasons.is_empty();
    if let Some(reason) = state.source.reason() {
        reasons.push(format!("mirror.source_url: {reason}: changes of types in the source are not noticed"));
    }
    Verdict { ready, reasons }
}

fn trouble(partition: &Partition, now: Instant) -> Option<String> {
    match &partition.doing {
        Doing::Waiting(reason) | Doing::Stopped(reason) => Some(reason.clone()),
        Doing::Lost => Some("the group is out of reach".to_owned()),
        Doing::Claiming => None,
        Doing::Running => {
            let has_lag = partition.progress.as_ref().is_some_and(|progress| progress.lag() > 0);
            let quiet = partition.committed_at.map(|at| now.duration_since(at)).filter(|quiet| has_lag && *quiet > STALL)?;
            Some(format!("nothing was committed for {} s although there is lag", quiet.as_secs()))
        }
    }
}

pub(super) fn status(state: &State, now: Instant) -> StatusView {
    let partitions = state.partitions.iter().map(|((topic, number), partition)| {
        let (name, reason) = match &partition.doing {
            Doing::Claiming => ("claiming", None),
            Doing::Running => ("running", None),
            Doing::Waiting(reason) => ("waiting", Some(reason.clone())),
            Doing::Stopped(reason) => ("stopped", Some(reason.clone())),
            Doing::Lost => ("lost", Some("the group is out of reach".to_owned())),
        };
        PartitionView {
            topic: topic.to_string(),
            partition: *number,
            state: name,
            reason,
            seconds: now.duration_since(partition.since).as_secs(),
            lag: partition.progress.as_ref().map(|progress| progress.lag()),
            fates: state.fates.get(&(Arc::clone(topic), *number)).copied().unwrap_or_default(),
        }
    });
    let lags = state.lags();
    let tables = state.tables.iter().map(|(table, known)| TableView {
        table: table.clone(),
        upserts: known.written.upserts,
        deletes: known.written.deletes,
        stale: known.written.stale,
        letters: known.letters,
        lag: known.topics.iter().filter_map(|topic| lags.get(topic)).copied().reduce(|all, lag| all + lag),
        last_change_seconds: known.last.map(|at| now.duration_since(at).as_secs()),
    });
    let (verdict, components) = (verdict(state, now), components(state));
    StatusView { verdict, components, partitions: partitions.collect(), tables: tables.collect() }
}

pub(super) fn health(state: &State, now: Instant) -> HealthView {
    HealthView { verdict: verdict(state, now), components: components(state) }
}

fn components(state: &State) -> ComponentsView {
    let pool = state.target.as_ref().map(ledger::Ledger::in_use).map(|(in_use, max)| PoolView { in_use, max });
    ComponentsView {
        postgres: PostgresView { server: server(&state.postgres), pool },
        kafka: KafkaView {
            server: server(&kafka(state)),
            partitions: state.partitions.len(),
            lag: state.lags().into_values().reduce(|all, lag| all + lag),
            in_process: state.in_process(),
        },
        source: server(&state.source),
    }
}

/// Whether Kafka answers.
pub(super) fn kafka(state: &State) -> Answer {
    match (state.kafka_down, state.assigned) {
        (true, _) => Answer::Down("no broker answers".to_owned()),
        (false, false) => Answer::Unknown,
        (false, true) => Answer::Up,
    }
}

fn server(answer: &Answer) -> ServerView {
    let status = match answer {
        Answer::NotConfigured => "not_configured",
        Answer::Unknown => "unknown",
        Answer::Up => "up",
        Answer::Down(_) => "down",
    };
    ServerView { status, reason: answer.reason().map(str::to_owned) }
}
