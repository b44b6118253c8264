//! The group in the JSON of `/status`. Scripts read its names.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::super::comparison::ComparisonView;
use super::{Group, Heard, Letters};

/// What all processes know together.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct GroupView {
    /// All processes of the group; null if Postgres was not asked yet.
    pub processes: Option<Vec<ProcessView>>,
    /// Dead letters by reason; null if they were not counted yet.
    pub dead_letters: Option<Vec<Letters>>,
    /// The rows that wait for the sweep; null if they were not counted yet.
    pub due: Option<DueView>,
    /// The last comparison of the shop with `results` and Redis; null if there was none.
    pub comparison: Option<ComparisonView>,
}

/// A process of the group.
#[derive(Debug, Serialize, Deserialize)]
pub struct ProcessView {
    /// The host and the number of the process.
    pub process: String,
    /// A name that no other start of a process has.
    pub instance: String,
    /// `ready`, `degraded`, `not_ready`, or `silent` if it does not report any more.
    pub state: String,
    /// The seconds since its last report.
    pub heard_seconds_ago: u64,
    /// The version of the program.
    pub version: String,
    /// The revision of the program.
    pub revision: String,
    /// The seconds between its start and its last report.
    pub uptime_seconds: i64,
    /// Its partitions, as `topic-number`.
    pub partitions: Vec<String>,
    /// Why it was not ready, and what was degraded, at its last report.
    pub reasons: Vec<String>,
}

/// The rows that wait for the sweep.
#[derive(Debug, Serialize, Deserialize)]
pub struct DueView {
    /// Orders on the list of the sweep.
    pub orders: i64,
    /// Orders on the list whose time has come.
    pub now: i64,
    /// Customers whose orders are still to be put on the list.
    pub customers: i64,
}

impl GroupView {
    /// The group as of `now`.
    #[must_use]
    pub fn new(group: &Group, now: Instant) -> Self {
        let processes = |(read, heard): &(Instant, Vec<Heard>)| heard.iter().map(|heard| ProcessView::new(heard, *read, now)).collect();
        Self {
            processes: group.processes.as_ref().map(processes),
            dead_letters: group.letters.clone(),
            due: group.due.map(|(orders, now, customers)| DueView { orders, now, customers }),
            comparison: group.comparison.as_ref().map(|comparison| ComparisonView::new(comparison, now)),
        }
    }
}

impl ProcessView {
    /// A process as of `now`, whose report was read at `read`.
    #[must_use]
    pub fn new(heard: &Heard, read: Instant, now: Instant) -> Self {
        let report = heard.report.clone();
        Self {
            state: heard.state(read, now).to_owned(),
            heard_seconds_ago: heard.silence(read, now).as_secs(),
            process: report.process,
            instance: report.instance,
            version: report.version,
            revision: report.revision,
            uptime_seconds: report.up_seconds,
            partitions: report.partitions,
            reasons: report.reasons,
        }
    }
}
