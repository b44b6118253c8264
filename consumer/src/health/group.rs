//! What all processes of the consumer group know together, through Postgres: each other, the dead letters, the due rows, the last comparison.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::comparison::Comparison;
use super::detail::{Detail, PartitionDetail};
use super::verdict::Verdict;

mod view;

pub use view::{DueView, GroupView, ProcessView};

/// How often a process reports to Postgres.
pub const REPORT_EVERY: Duration = Duration::from_secs(2);

/// A process that was not heard of for so long is silent: five of its reports are missing.
const SILENT: Duration = Duration::from_secs(10);

/// The number of reasons in a report, and the number of characters of each (P10).
const MOST_REASONS: usize = 20;
const LONGEST_REASON: usize = 300;

/// What a process says of itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProcessReport {
    /// A name that no other start of a process has.
    pub instance: String,
    /// The host and the number of the process, as the ledger names it.
    pub process: String,
    /// The version of the program.
    pub version: String,
    /// The revision of the program.
    pub revision: String,
    /// The seconds since its start.
    pub up_seconds: i64,
    /// `ready`, `degraded` or `not_ready`.
    pub state: String,
    /// Why it is not ready, and what is degraded.
    pub reasons: Vec<String>,
    /// Its partitions, as `topic-number`.
    pub partitions: Vec<String>,
    /// Its work; `None` from a program that does not report it.
    pub detail: Option<Detail>,
}

/// A report with its age when it was read.
#[derive(Debug, Clone)]
pub struct Heard {
    /// The report.
    pub report: ProcessReport,
    /// The time since the report, by the clock of Postgres.
    pub age: Duration,
}

impl Heard {
    /// The time since the report, if it was read at `read`.
    #[must_use]
    pub fn silence(&self, read: Instant, now: Instant) -> Duration {
        self.age + now.saturating_duration_since(read)
    }

    /// What the process said of a partition; `None` if the partition is not its own.
    #[must_use]
    pub fn partition(&self, topic: &str, number: i32) -> Option<&PartitionDetail> {
        let partitions = &self.report.detail.as_ref()?.partitions;
        partitions.iter().find(|known| known.topic == topic && known.partition == number)
    }

    /// The state as of `now`. A process that does not report any more is `silent`, whatever it said last.
    #[must_use]
    pub fn state(&self, read: Instant, now: Instant) -> &str {
        if self.silence(read, now) > SILENT { "silent" } else { &self.report.state }
    }
}

impl Heard {
    /// What can be told of the process as of `now`. Reports that this process itself could not read for long say nothing of the others any
    /// more: the state is `unknown` then. Until then a process is `silent` only if its report was old when it was read.
    #[must_use]
    pub fn told(&self, read: Instant, now: Instant) -> &str {
        if now.saturating_duration_since(read) > SILENT { "unknown" } else { self.state(now, now) }
    }
}

/// All states of a process, as they are counted. One that cannot be read counts as silent.
pub const PROCESS_STATES: [&str; 4] = ["ready", "degraded", "not_ready", "silent"];

/// Dead letters of one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letters {
    /// The reason.
    pub reason: String,
    /// Letters that are open.
    pub open: i64,
    /// Letters that were replayed, or became obsolete.
    pub resolved: i64,
}

/// What all processes know together, as it was last read.
#[derive(Debug, Clone, Default)]
pub struct Group {
    /// The processes, and when their reports were read.
    pub processes: Option<(Instant, Vec<Heard>)>,
    /// Dead letters by reason.
    pub letters: Option<Vec<Letters>>,
    /// The due rows: all, those whose time has come, and changed customers.
    pub due: Option<(i64, i64, i64)>,
    /// When letters and due rows were counted.
    pub counted: Option<Instant>,
    /// Topic, number and next offset of each partition in the ledger.
    pub standings: Vec<(String, i32, i64)>,
    /// The last comparison that a process has made by itself.
    pub comparison: Option<Comparison>,
}

impl Group {
    /// The number of processes in each state.
    #[must_use]
    pub fn count(&self, state: &str, now: Instant) -> Option<usize> {
        let (read, heard) = self.processes.as_ref()?;
        Some(heard.iter().filter(|heard| heard.state(*read, now) == state).count())
    }
}

/// The reasons of a verdict, as many and as long as a report may be.
#[must_use]
pub fn reasons(verdict: &Verdict) -> Vec<String> {
    let all = verdict.reasons.iter().chain(&verdict.degraded);
    all.take(MOST_REASONS).map(|reason| reason.chars().take(LONGEST_REASON).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_is_not_heard_of_any_more_is_silent_whatever_it_said_last() {
        let read = Instant::now();
        let report = ProcessReport { state: "ready".into(), ..ProcessReport::default() };
        let heard = Heard { report, age: Duration::from_secs(4) };
        assert_eq!(heard.state(read, read + Duration::from_secs(6)), "ready");
        assert_eq!(heard.state(read, read + Duration::from_secs(7)), "silent");
        let group = Group { processes: Some((read, vec![heard])), ..Group::default() };
        assert_eq!((group.count("ready", read), group.count("silent", read)), (Some(1), Some(0)));
        assert_eq!(Group::default().count("ready", read), None);
    }

    #[test]
    fn of_a_process_whose_report_cannot_be_read_nothing_is_told() {
        let read = Instant::now();
        let heard =
            |age| Heard { report: ProcessReport { state: "ready".into(), ..ProcessReport::default() }, age: Duration::from_secs(age) };
        let told = |age, later| heard(age).told(read, read + Duration::from_secs(later)).to_owned();
        assert_eq!([told(2, 0), told(2, 9), told(2, 11)], ["ready", "ready", "unknown"]);
        assert_eq!([told(40, 0), told(40, 10), told(40, 11)], ["silent", "silent", "unknown"]);
    }

    #[test]
    fn a_report_has_a_limit_however_much_is_wrong() {
        let verdict = Verdict { reasons: vec!["ü".repeat(1_000); 30], degraded: vec!["d".into()] };
        let reasons = reasons(&verdict);
        assert_eq!((reasons.len(), reasons[0].chars().count()), (20, 300));
    }
}
