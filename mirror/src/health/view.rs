//! The state as others see it: the verdict of `/readyz`, and the JSON of `/status`.

use std::time::Instant;

use change::fate::Fates;
use serde::Serialize;

use super::{Doing, POLL_SILENCE, Partition, STALL, State};

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

/// A table.
#[derive(Debug, Clone, Serialize)]
pub struct TableView {
    /// The source's table.
    pub table: String,
    /// Rows that were written or removed by this process.
    pub rows: u64,
    /// Changes that were older than what was stored.
    pub stale: u64,
    /// Records that became dead letters.
    pub letters: u64,
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
    if let Some(reason) = &state.postgres_down {
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
    if let Some(reason) = &state.source_away {
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
            fates: partition.fates,
        }
    });
    let tables = state.tables.iter().map(|(table, known)| TableView {
        table: table.clone(),
        rows: known.rows,
        stale: known.stale,
        letters: known.letters,
        last_change_seconds: known.last.map(|at| now.duration_since(at).as_secs()),
    });
    StatusView { verdict: verdict(state, now), partitions: partitions.collect(), tables: tables.collect() }
}
