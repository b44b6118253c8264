//! The source in the JSON of `/health` and `/status`. Scripts read its names.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::super::verdict::seconds;
use super::{ConnectorHealth, ConnectorReading, SlotReading, SlotsHealth, SlotsReading, Source};

/// What is known of the way from the shop to Kafka.
#[derive(Debug, Serialize, Deserialize)]
pub struct SourceView {
    /// By topic, the seconds since the newest event that was processed.
    pub newest_event_age_seconds: BTreeMap<String, u64>,
    /// The seconds since Debezium's newest heartbeat; null if none was read.
    pub heartbeat_age_seconds: Option<u64>,
    /// The connector; null without `connect.url`.
    pub connector: Option<ConnectorView>,
    /// The replication slots; null without `source.url`.
    pub slots: Option<SlotsView>,
}

/// The connector.
#[derive(Debug, Serialize, Deserialize)]
pub struct ConnectorView {
    /// Its name.
    pub name: String,
    /// `unknown`, `away`, `absent`, or the state that Connect gives the connector.
    pub state: String,
    /// The seconds since the connector and its tasks are as they are.
    pub for_seconds: u64,
    /// The class of the error while Connect is away.
    pub error: Option<String>,
    /// The tasks.
    pub tasks: Vec<TaskView>,
}

/// A task of the connector.
#[derive(Debug, Serialize, Deserialize)]
pub struct TaskView {
    /// Its number.
    pub id: i64,
    /// Its state.
    pub state: String,
    /// The classes of the exceptions that it has failed with.
    pub error: Option<String>,
}

/// The replication slots.
#[derive(Debug, Serialize, Deserialize)]
pub struct SlotsView {
    /// The class of the error while the shop's Postgres is away.
    pub error: Option<String>,
    /// All logical slots of the shop's database.
    pub slots: Vec<SlotView>,
}

/// A replication slot.
#[derive(Debug, Serialize, Deserialize)]
pub struct SlotView {
    /// Its name.
    pub name: String,
    /// Whether somebody is connected to it.
    pub active: bool,
    /// Bytes of the log that Postgres keeps because of it.
    pub retained_bytes: u64,
    /// Bytes of the log that its reader has not confirmed.
    pub lag_bytes: u64,
}

impl SourceView {
    /// The source as of `now`.
    #[must_use]
    pub fn new(source: &Source, now: Instant) -> Self {
        Self {
            newest_event_age_seconds: source.newest.iter().map(|(topic, at)| (topic.clone(), seconds(*at, now))).collect(),
            heartbeat_age_seconds: source.heartbeat.map(|at| seconds(at, now)),
            connector: source.connector.as_ref().map(|connector| ConnectorView::new(connector, now)),
            slots: source.slots.as_ref().map(SlotsView::new),
        }
    }
}

impl ConnectorView {
    fn new(health: &ConnectorHealth, now: Instant) -> Self {
        let (state, error, tasks) = match &health.reading {
            ConnectorReading::Unasked => ("unknown", None, &[][..]),
            ConnectorReading::Away(error) => ("away", Some((*error).to_owned()), &[][..]),
            ConnectorReading::Absent => ("absent", None, &[][..]),
            ConnectorReading::Known { state, tasks } => (state.as_str(), None, tasks.as_slice()),
        };
        let tasks = tasks.iter().map(|task| TaskView { id: task.id, state: task.state.as_str().to_owned(), error: task.error.clone() });
        let for_seconds = seconds(health.since, now);
        Self { name: health.name.clone(), state: state.to_owned(), for_seconds, error, tasks: tasks.collect() }
    }
}

impl SlotsView {
    fn new(health: &SlotsHealth) -> Self {
        let error = if let SlotsReading::Away(error) = &health.reading { Some((*error).to_owned()) } else { None };
        let view = |slot: &SlotReading| SlotView {
            name: slot.name.clone(),
            active: slot.is_active,
            retained_bytes: slot.retained_bytes,
            lag_bytes: slot.lag_bytes,
        };
        Self { error, slots: health.slots().iter().map(view).collect() }
    }
}
